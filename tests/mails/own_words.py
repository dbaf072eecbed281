"""Requests in a person's own words, and ordinary support mail that sounds like them, in six languages: the sentences.

Written as people write to a telephone company's support: polite, angry, short, long-winded, with and without the law.
A sentence stands under what it asks for: delete, export, both or nothing.
"""

DELETE = {
    "en": [
        "please delete everything you have about me", "Please delete all my data.", "Delete my data", "I want my data deleted.",
        "I would like you to erase all personal information you hold on me.", "Kindly remove all my personal details from your system.",
        "I am exercising my right to erasure under Article 17 GDPR.", "As per the DPDP Act I request erasure of my personal data.",
        "I want to be forgotten. Please wipe all data relating to me.", "Close my account and delete all my information.",
        "We have moved to another provider. Please delete our account and all data associated with it.",
        "Could you please remove all of my information from your databases?", "I demand that you destroy all records you keep about me.",
        "Please make sure that my personal data is deleted from your servers.", "I no longer use your service and want you to delete my data permanently.",
        "I withdraw my consent. Remove my personal data immediately.", "Get rid of everything you have stored on me, please.",
        "Please erase me from your systems.", "Pls delete my data asap", "Hello team, kindly purge all our customer data from your platform.",
        "I don't want you to keep my data any longer.", "My contract ended last month. Please have my personal data removed.",
        "I hereby request the deletion of all personal data concerning me.", "Please remove me from your database completely.",
        "Under the right to be forgotten, I ask you to delete any information about me.", "Can you delete my personal data please?",
        "Would you please delete all the data you've collected about me?", "I'd like all my personal information to be erased.",
        "Terminate my account including all my personal data.", "Forget me. Delete whatever you know about me.",
        "I do not consent to you storing my data anymore, delete it all.", "Request for erasure of my personal information",
        "please wipe my data from all your systems and confirm in writing", "All personal data you process about me must be deleted within 30 days.",
        "Kindly arrange for the removal of my personal information from your records.", "I wish to have my data erased.",
        "Please delete the personal data of mine that you hold.", "I am leaving. Delete my profile and all my data.",
        "Sir, please delete my all data from your company.", "kindly delete mine account and all my information as i am not using it",
    ],
    "de": [
        "Bitte löschen Sie alle meine Daten.", "Ich möchte, dass Sie sämtliche personenbezogenen Daten über mich löschen.",
        "Hiermit beantrage ich die Löschung meiner personenbezogenen Daten.", "Ich mache von meinem Recht auf Löschung nach Art. 17 DSGVO Gebrauch.",
        "Bitte entfernen Sie meine Daten aus Ihren Systemen.", "Löschen Sie bitte mein Konto und alle meine Daten.", "Ich will meine Daten löschen lassen.",
        "Bitte vernichten Sie alles, was Sie über mich gespeichert haben.", "Ich bitte um Löschung aller Daten zu meiner Person.",
        "Ich möchte nicht, dass Sie meine Daten weiter speichern.", "Meine persönlichen Daten sollen vollständig gelöscht werden.", "Bitte alle unsere Daten löschen, wir haben gekündigt.",
    ],
    "fr": [
        "Merci de supprimer toutes mes données personnelles.", "Je souhaite que vous effaciez toutes mes données.", "Je demande la suppression de mes données personnelles.",
        "J'exerce mon droit à l'effacement (article 17 du RGPD).", "Veuillez détruire toutes les informations que vous avez sur moi.", "Je veux exercer mon droit à l'oubli.",
        "Supprimez mon compte et toutes mes données.", "Pourriez-vous effacer l'ensemble de mes données, s'il vous plaît ?", "Je ne souhaite plus que vous conserviez mes données.",
        "Merci d'effacer tout ce que vous détenez me concernant.", "Je voudrais que mes données soient supprimées de vos systèmes.",
    ],
    "es": [
        "Por favor, eliminen todos mis datos.", "Solicito la supresión de mis datos personales.", "Quiero que borren todos mis datos personales.", "Ejerzo mi derecho de supresión.",
        "Les pido que eliminen toda la información que tienen sobre mí.", "Quiero ejercer mi derecho al olvido.", "Borren mi cuenta y todos mis datos, por favor.",
        "Deseo que mis datos personales sean eliminados.", "Por favor, borren todo lo que tengan sobre mí.", "No quiero que sigan guardando mis datos.", "Pido la eliminación de todos nuestros datos.",
    ],
    "pt": [
        "Por favor, apaguem todos os meus dados.", "Solicito a exclusão dos meus dados pessoais.", "Quero que eliminem todos os meus dados pessoais.", "Exerço o meu direito ao esquecimento.",
        "Peço que removam todas as informações que vocês têm sobre mim.", "Excluam minha conta e todos os meus dados.", "Gostaria que os meus dados fossem apagados.",
        "Não quero mais que vocês guardem os meus dados.", "Apaguem tudo o que sabem sobre mim, por favor.", "Venho requerer a eliminação de todos os meus dados.", "Deletem meus dados por favor",
    ],
    "hi": [
        "कृपया मेरा सारा डेटा हटा दें।", "मैं चाहता हूँ कि आप मेरी सभी जानकारी मिटा दें।", "मेरे बारे में जो भी जानकारी है उसे डिलीट कर दीजिए।", "कृपया मेरा व्यक्तिगत डेटा हटाएं।",
        "मेरा खाता और मेरा डेटा हटा दीजिए।", "मेरी निजी जानकारी अपने सिस्टम से हटा दें।", "हमारा सारा डेटा नष्ट कर दें।", "मेरे सभी रिकॉर्ड मिटा दिए जाएं।",
    ],
}
EXPORT = {
    "en": [
        "Please send me a copy of all my data.", "I would like a copy of the personal data you hold about me.", "This is a subject access request.", "What personal data do you have about me?",
        "Please provide me with all information you store about me.", "I want to exercise my right of access under Article 15 of the GDPR.", "Can I get a copy of all the data you have on me?",
        "I am requesting access to my personal data.", "Kindly share everything you know about me.", "I'd like to receive an export of all my personal data in a common format.",
        "Send me all the information that your company keeps about me.", "I need a copy of my data please", "DSAR: please send what you hold on me.", "Please tell me what information you have about me.",
        "I would like to know what data you have collected about me.", "We request a complete export of our data that you process.", "Could you e-mail me a copy of everything you have on us?",
        "Under data protection law I ask you to disclose all personal data concerning me that you hold.", "please give me all my data", "I want to see all data you have stored about me.",
        "Please forward a copy of my personal information.", "I would like to make use of my right to data portability.", "Could you let me have a copy of my personal data?",
        "Requesting a copy of my personal data under the DPDP Act", "Provide me a list of all personal information you hold on me.", "I want all the data you hold about me.",
        "I need all records that you keep on me, as a file.", "Please export all my personal data and send it to me.", "hi can u send me all my data", "Sir kindly provide the copy of all my personal data",
    ],
    "de": [
        "Bitte senden Sie mir eine Kopie meiner personenbezogenen Daten.", "Welche Daten haben Sie über mich gespeichert?", "Ich bitte um Auskunft nach Art. 15 DSGVO.",
        "Ich möchte wissen, welche Daten Sie über mich gespeichert haben.", "Schicken Sie mir bitte alle Daten, die Sie über mich haben.", "Ich mache von meinem Recht auf Auskunft Gebrauch.",
        "Hiermit fordere ich eine Kopie aller Daten, die Sie zu meiner Person gespeichert haben.", "Bitte schicken Sie mir meine Daten.", "Ich hätte gern einen Export meiner Daten.",
        "Ich verlange Auskunft darüber, welche Daten zu mir gespeichert sind.",
    ],
    "fr": [
        "Merci de m'envoyer une copie de mes données personnelles.", "Je souhaite recevoir toutes les informations que vous détenez sur moi.", "J'exerce mon droit d'accès.",
        "Quelles données avez-vous sur moi ?", "Pourriez-vous me transmettre une copie de toutes mes données ?", "Je voudrais savoir quelles informations vous conservez sur moi.",
        "Je demande une copie de l'ensemble de mes données.", "Je souhaite faire valoir mon droit à la portabilité.", "Veuillez m'envoyer mes données personnelles.",
    ],
    "es": [
        "Por favor, envíenme una copia de mis datos personales.", "Quiero saber qué datos tienen sobre mí.", "Ejerzo mi derecho de acceso.", "¿Qué información tienen sobre mí?",
        "Solicito una copia de todos mis datos.", "Quiero recibir toda la información que tienen sobre mí.", "Solicito acceso a mis datos personales.", "Envíenme mis datos, por favor.",
        "Necesito todos los datos que guardan de mí.",
    ],
    "pt": [
        "Por favor, enviem-me uma cópia dos meus dados pessoais.", "Quero saber que dados vocês têm sobre mim.", "Exerço o meu direito de acesso.", "Quais dados vocês têm sobre mim?",
        "Solicito uma cópia de todos os meus dados.", "Gostaria de receber todas as informações que vocês possuem sobre mim.", "Solicito acesso aos meus dados pessoais.", "Enviem os meus dados, por favor.",
    ],
    "hi": [
        "कृपया मुझे मेरे डेटा की एक प्रति भेजें।", "आपके पास मेरे बारे में जो जानकारी है वह मुझे भेज दें।", "मुझे मेरा सारा डेटा चाहिए।", "मेरी व्यक्तिगत जानकारी की कॉपी दीजिए।", "कृपया मेरा डेटा मुझे उपलब्ध कराएं।",
        "मेरे सभी डेटा की कॉपी ईमेल से भेजिए।",
    ],
}
BOTH = {
    "en": ["Please send me a copy of my data and then delete all my data.", "First export everything you have about me and send it, afterwards delete my account and all my data."],
    "de": ["Bitte schicken Sie mir eine Kopie meiner Daten. Danach löschen Sie bitte alle meine Daten."],
}
OTHER = {
    "en": [
        "Please send me a copy of the invoice for March.", "How do I export my call logs to Excel?", "Please delete the contact John Miller from our address book.", "The data export in the dashboard fails with error 500.",
        "Please remove user Ravi from our account.", "Where can I download the monthly report?", "We need a copy of our contract.", "Please delete my voicemail greeting.", "I accidentally deleted all my data, can you restore it?",
        "How can I delete my data myself?", "Is there a feature to delete old recordings?", "Do not delete my data, I am still a customer!", "My data plan is too slow.", "Please cancel my subscription at the end of the month.",
        "I would like to update my personal information: my new address is 12 MG Road.", "Please send me information about your data plans.", "Can you export the report for January and send it to accounting?",
        "The number +91 98765 43210 no longer works, please check.", "Please delete the duplicate invoice 2024-118.", "Could you delete the call flow named Test?", "We want to add ten more users to our account.",
        "Please remove the IVR message about Diwali.", "My password reset mail does not arrive.", "What happens to my data when I cancel?", "Can I export my contacts before the upgrade?", "Please erase the test number from the plan.",
        "Your privacy policy link is broken.", "Our customer asked how long you store call recordings.", "Please delete this ticket, it was sent by mistake.", "Please remove me from the newsletter.", "Unsubscribe me from your mailing list.",
        "I need the call detail records for the number 080 4040 5555 for yesterday.", "Please send me my login details.", "Could you tell me the status of my order?", "I want a refund for April.", "We received a wrong bill, please correct it.",
        "Please share the price list with us.", "Kindly provide the GST invoice for last month.", "The delete button in the recordings page does nothing.", "Can you share a copy of the signed agreement?", "Please send the export file again, the link has expired.",
        "We would like to port our number to your company.", "Our data import failed at row 312.", "Please delete the old SIM from my profile picture page.", "Could you increase our data limit?", "Is my data safe with you?",
        "My account details are: Acme Traders, 481516. Please call me back.", "Attached is the information you asked for.", "Who has access to our recordings?", "Do you have an API to delete contacts?",
        "I tried to delete my account but the page shows an error.", "Please don't erase our information, the cancellation was a mistake.", "Please export the attendance sheet of our team as CSV.", "The records of yesterday's calls are missing.",
        "Please remove my credit card and add a new one.", "Thanks for deleting the old numbers.", "Please send our data sheet for the router model X200.", "How long do you keep call data?", "Please have the technician delete the old configuration.",
        "I forgot my password, everything else works.", "We need information on all your plans.", "Please get rid of the noise on my line.", "All our numbers show as busy.", "Remove the call forwarding from my number please.",
        "Please provide the details of my last payment.", "I want to know about your services.", "Kindly erase the wrong entry of 5 May from the ledger.", "The information on your website about me being a partner is great, thanks!",
    ],
    "de": [
        "Bitte senden Sie mir eine Kopie der Rechnung für März.", "Wie kann ich meine Anrufdaten exportieren?", "Bitte löschen Sie den Kontakt Max Mustermann.", "Mein Datenvolumen ist aufgebraucht.", "Der Export der Berichte funktioniert nicht.",
        "Bitte löschen Sie die doppelte Rechnung.", "Bitte ändern Sie meine Bankdaten.", "Wo finde ich die Funktion zum Löschen von Aufnahmen?", "Ich habe versehentlich meine Daten gelöscht.", "Bitte entfernen Sie den Benutzer Ravi aus unserem Konto.",
        "Ich möchte meinen Vertrag kündigen.", "Bitte teilen Sie mir den Stand meiner Bestellung mit.", "Die Ansage zu Weihnachten kann gelöscht werden.", "Kann ich meine Daten selbst löschen?", "Bitte löschen Sie meine Daten nicht, ich bleibe Kunde.",
    ],
    "fr": [
        "Pouvez-vous m'envoyer une copie de la facture de mars ?", "Comment puis-je exporter mes appels ?", "Merci de supprimer le contact Jean Martin.", "Mon forfait de données est épuisé.", "L'export du rapport ne fonctionne pas.",
        "Veuillez supprimer la facture en double.", "Je souhaite modifier mes coordonnées.", "Où se trouve le bouton pour supprimer un enregistrement ?", "J'ai supprimé mes données par erreur.", "Merci de retirer l'utilisateur Ravi de notre compte.",
        "Je veux résilier mon abonnement.", "Ne supprimez pas mes données, je reste client.",
    ],
    "es": [
        "¿Pueden enviarme una copia de la factura de marzo?", "¿Cómo puedo exportar mis llamadas?", "Por favor, borren el contacto de Juan Pérez.", "Mi plan de datos se agotó.", "La exportación del informe falla.",
        "Por favor, eliminen la factura duplicada.", "Quiero cambiar mis datos bancarios.", "¿Dónde está el botón para borrar grabaciones?", "Borré mis datos por error.", "Por favor, quiten al usuario Ravi de nuestra cuenta.",
        "Quiero cancelar mi suscripción.", "No borren mis datos, sigo siendo cliente.",
    ],
    "pt": [
        "Podem enviar uma cópia da fatura de março?", "Como posso exportar minhas chamadas?", "Por favor, apaguem o contato João Silva.", "Meu plano de dados acabou.", "A exportação do relatório falha.",
        "Por favor, excluam a fatura duplicada.", "Quero alterar meus dados bancários.", "Onde fica o botão para apagar gravações?", "Apaguei meus dados por engano.", "Por favor, removam o usuário Ravi da nossa conta.",
        "Quero cancelar minha assinatura.", "Não apaguem os meus dados, continuo cliente.",
    ],
    "hi": [
        "कृपया मार्च का बिल भेजें।", "मेरा डेटा प्लान खत्म हो गया है।", "मेरा डेटा कैसे हटाऊं?", "कृपया रवि का संपर्क हटा दें।", "रिपोर्ट निर्यात नहीं हो रही है।", "मेरा नंबर काम नहीं कर रहा है।", "मुझे नया सिम चाहिए।", "गलती से मेरा डेटा हट गया।", "कृपया मेरा डेटा मत हटाइए।",
    ],
}

# A second set, written after the rules and harder: what the first one taught is not enough for it.
MORE_DELETE = {
    "en": [
        "I'd appreciate it if you could delete all the personal data you've got on me.",
        "Time to say goodbye - please erase my account and all the information tied to it.", "I want out. Delete everything.",
        "Please remove all of our company's data from your servers as the contract has ended.",
        "I hereby withdraw consent and request that you erase my personal data.", "Can you wipe my records from your system?",
        "I'd like my info removed please", "Please ensure all my personal details are permanently deleted",
        "Kindly delete my number and all related personal data from your records.",
        "My late father was your customer; please delete all his personal data.", "delete me from your database",
        "Please could you confirm that you've deleted all my data?", "We are closing the business and require all our data to be destroyed.",
        "Under GDPR Art 17 I request that you delete all data about me", "please stop processing my data and erase it",
        "You have 30 days to delete my personal data.", "remove all my personal information immediately!!!",
        "I am no longer a customer so there is no reason for you to keep my data. Please delete it.",
    ],
    "de": [
        "Bitte alle zu mir gespeicherten Daten löschen.", "Ich widerrufe meine Einwilligung und fordere Sie auf, meine Daten zu löschen.",
        "Löscht bitte meinen Account mit allen Daten.", "Ich wünsche die vollständige Löschung meiner Daten.",
    ],
    "fr": [
        "Je vous demande d'effacer toutes les données me concernant.", "Merci de procéder à l'effacement de mes données.",
        "Je retire mon consentement, supprimez mes informations personnelles.",
    ],
    "es": [
        "Quiero que supriman mis datos de su base de datos.", "Les solicito que borren mi información personal.",
        "Retiro mi consentimiento; eliminen todos mis datos.",
    ],
    "pt": [
        "Quero que excluam os meus dados do vosso sistema.", "Retiro o meu consentimento e peço a eliminação dos meus dados.",
        "Por favor removam todas as minhas informações pessoais.",
    ],
    "hi": [
        "कृपया मेरी सारी जानकारी अपने रिकॉर्ड से हटा दीजिए।", "मैं अपना डेटा डिलीट करवाना चाहता हूँ।",
    ],
}
MORE_EXPORT = {
    "en": [
        "I'd like to get all the data you have on me", "please send across all personal information that you hold about me",
        "Could I please have a full copy of my personal data?", "I wish to make a subject access request",
        "Under Section 11 of the DPDP Act, please provide a summary of my personal data that you process",
        "Please let me know what personal information you keep about me.", "I'm curious what you know about me - can you send me all of it?",
        "I need an export of all my account data for my lawyer", "Kindly provide all records of personal data pertaining to me",
        "I would like to access all my personal data held by your company", "Please give me access to all the personal information you have about me",
        "As a data subject I request a copy of all data you process about me.", "send me my personal data file",
        "Tell me everything you have stored about me",
    ],
    "de": [
        "Könnten Sie mir mitteilen, welche Daten Sie über mich gespeichert haben?",
        "Ich möchte eine Kopie aller über mich gespeicherten Daten erhalten.", "Bitte um Datenauskunft.",
        "Bitte übermitteln Sie mir sämtliche personenbezogenen Daten, die Sie über mich speichern.",
    ],
    "fr": [
        "Je voudrais une copie de toutes les données que vous avez à mon sujet.",
        "Pouvez-vous m'indiquer quelles données personnelles vous possédez sur moi ?",
        "Conformément au RGPD, je souhaite accéder à mes données personnelles.",
    ],
    "es": [
        "Me gustaría recibir una copia de los datos que tienen sobre mí.", "Deseo ejercer mi derecho de acceso a mis datos.",
        "¿Pueden decirme qué datos personales guardan de mí?",
    ],
    "pt": [
        "Gostaria de obter uma cópia dos dados que têm sobre mim.", "Desejo exercer o direito de acesso aos meus dados.",
        "Podem me dizer quais dados pessoais vocês guardam sobre mim?",
    ],
    "hi": [
        "आपके पास मेरा जो भी डेटा है उसकी कॉपी भेजें।", "मुझे मेरे बारे में रखी गई सभी जानकारी चाहिए।",
    ],
}
MORE_OTHER = {
    "en": [
        "Please delete my previous email, I attached the wrong file.", "Can you send me the usage data for the last month?",
        "Our dashboard shows no data since Monday.", "Please remove the old billing address from our account.",
        "I need information about international roaming.", "Could you provide a copy of my last invoice?",
        "We need to delete some old call recordings, is that possible?", "Please erase the voicemail on extension 12.",
        "How long do you store personal data?", "Please send us the contract data for signing.", "I want to change my personal details: new surname.",
        "Please export the call report for March and send it to me.", "I would like a copy of our contract, please.",
        "Your agent asked for my personal data, is that normal?", "Please share your data processing agreement.",
        "Please delete user John Smith, he left our company.", "The app deleted my data after the update, please bring it back!",
        "Please tell me about your data retention policy.", "I want to buy more data for my plan.", "Remove the number 080 1234 5678 from our plan.",
        "Please get my data connection working again.", "All my data is slow today.", "I have a question about data protection at your company.",
        "Please delete the meeting on Friday.", "Please provide the information we talked about yesterday.",
        "We would like to receive information about your enterprise plan.", "I request a refund and a copy of the receipt.",
        "Please confirm my account details for the bank transfer.", "Delete the duplicate entry in the phone book please",
        "please remove spam calls from my line",
    ],
    "de": [
        "Bitte löschen Sie die alte Rechnungsadresse.", "Ich brauche Informationen zu Ihren Tarifen.", "Bitte senden Sie mir die Vertragsdaten.",
        "Mein Anrufbeantworter ist voll, bitte alte Nachrichten löschen.", "Meine Daten haben sich geändert: neue Adresse.",
        "Bitte exportieren Sie den Bericht für März.", "Wie lange speichern Sie Verbindungsdaten?", "Bitte teilen Sie mir meine Kundennummer mit.",
    ],
    "fr": [
        "Merci de m'envoyer les informations sur vos tarifs.", "Veuillez supprimer l'ancienne adresse de facturation.",
        "Mes données de connexion ne fonctionnent pas.", "Pouvez-vous exporter le rapport de mars ?", "J'ai besoin d'une copie du contrat.",
        "Supprimez le message vocal du poste 12.",
    ],
    "es": [
        "Por favor, envíenme información sobre sus tarifas.", "Eliminen la dirección de facturación antigua.", "Mis datos de acceso no funcionan.",
        "Necesito una copia del contrato.", "¿Pueden exportar el informe de marzo?", "Quiero actualizar mis datos: nueva dirección.",
    ],
    "pt": [
        "Por favor, enviem informações sobre os planos.", "Removam o endereço de faturação antigo.", "Os meus dados de acesso não funcionam.",
        "Preciso de uma cópia do contrato.", "Podem exportar o relatório de março?", "Quero atualizar os meus dados: novo endereço.",
    ],
    "hi": [
        "कृपया प्लान की जानकारी भेजें।", "मेरा पता बदल गया है, कृपया अपडेट करें।", "मेरे बिल की कॉपी भेजें।", "पुराने संदेश हटा दें।",
    ],
}

# A third set, harder again.
HARDER_DELETE = {
    "en": [
        "Would you kindly erase my information from your company's records?",
        "I am requesting that all personal data relating to my account be deleted.", "pls remove my name number and all details from ur system",
        "We hereby instruct you to delete all personal data you process on our behalf.", "After cancelling I expect you to remove all data about me.",
        "Please purge my customer profile and everything linked to it", "I formally request erasure under the UK GDPR.",
        "Do you still have my data? If so, please delete it.", "I ask that you no longer hold any information about me and delete what you have.",
        "It's my right to have my data deleted - please do so.", "Please delete all information regarding my late husband's account",
        "Right to erasure request", "GDPR deletion request", "Request: delete all my personal info", "remove all data of mine from your servers",
        "I hereby ask your company to get rid of any personal data you may have collected on me.",
        "As I've ended my contract, kindly delete whatever details of mine remain in your systems.",
        "Could I request the removal of my details from all your files?", "Please remove my personal data from your CRM.",
        "Wipe everything that identifies me.", "My data should be erased, please confirm.", "You must delete my records under the DPDP Act.",
        "Please take my information off your systems.", "I object to your processing and want my data erased.",
    ],
    "de": [
        "Ich fordere Sie auf, alle mich betreffenden Daten zu löschen.", "Meine Daten bitte vollständig entfernen.", "Antrag auf Löschung nach DSGVO",
        "Bitte vergessen Sie mich und löschen Sie alles.", "Bitte alle über mich gespeicherten Informationen vernichten.",
        "Ich bitte Sie, mein Kundenkonto samt allen Daten zu löschen.",
    ],
    "fr": [
        "Veuillez supprimer définitivement mes données de vos serveurs.", "Je vous prie d'effacer mes informations personnelles.",
        "Demande d'effacement RGPD", "Effacez tout ce que vous avez sur moi, s'il vous plaît.",
        "Je vous demande de bien vouloir supprimer mon compte ainsi que mes données.",
    ],
    "es": [
        "Les ruego que eliminen mis datos personales de sus sistemas.", "Solicitud de borrado de mis datos", "Borren toda mi información, por favor.",
        "Deseo que se eliminen mis datos de sus registros.", "Les pido borrar todo lo que guardan sobre mí.",
    ],
    "pt": [
        "Peço que apaguem os meus dados pessoais dos vossos registos.", "Pedido de apagamento dos meus dados", "Apaguem toda a minha informação.",
        "Desejo que os meus dados sejam eliminados dos vossos sistemas.", "Peço para apagar tudo o que guardam sobre mim.",
    ],
    "hi": [
        "मेरा पर्सनल डेटा डिलीट करें।", "कृपया मेरे नाम की सारी जानकारी मिटा दें।", "मेरे सारे डेटा को हमेशा के लिए मिटा दें।",
    ],
}
HARDER_EXPORT = {
    "en": [
        "GDPR data access request", "Please supply me with the personal data you hold on me, in a portable format.",
        "I'd like to see what personal information you have on file for me.",
        "Can you provide me a report of all data stored about my account and me?", "Article 15 GDPR: please disclose my personal data",
        "i want to know what all data you have of me", "Could you forward me everything you hold about me, please?", "I want a dump of all my data",
        "please share my personal data with me", "I would be grateful for a copy of the information held about me.", "SAR - copy of my personal data",
        "What information does your company keep about me?", "Kindly furnish details of my personal data being processed by you.",
        "I'd like to know all the personal data your company keeps concerning me.", "Please send the data subject access information you hold for me.",
        "I want access to the personal data you hold.", "Kindly share a copy of all information stored against my name.",
        "Please mail me everything that's stored about me.", "Can I see all the data you've collected on me over the years?",
        "I request disclosure of all my personal data.", "Provide a portable copy of my data.",
        "Under POPIA/GDPR I am entitled to a copy of my personal information, please send it.",
    ],
    "de": [
        "Auskunft nach DSGVO: Was haben Sie über mich gespeichert?", "Ich will wissen, was Sie über mich gespeichert haben.",
        "Schicken Sie mir bitte einen Auszug meiner gespeicherten Daten.",
        "Bitte teilen Sie mir mit, welche personenbezogenen Daten Sie von mir verarbeiten.", "Ich beantrage Auskunft über meine Daten.",
    ],
    "fr": [
        "Je souhaite savoir ce que vous savez sur moi.", "Merci de me fournir l'ensemble des données me concernant.",
        "Pouvez-vous m'envoyer toutes mes données personnelles ?", "Je demande l'accès à mes données.",
    ],
    "es": [
        "Quisiera saber qué información personal tienen mía.", "Les pido una copia de mi información personal.",
        "Quiero acceder a todos mis datos personales.", "Mándenme todo lo que tienen sobre mí.",
    ],
    "pt": [
        "Quero saber o que têm guardado sobre mim.", "Peço uma cópia das minhas informações pessoais.", "Quero acessar todos os meus dados pessoais.",
        "Mandem-me tudo o que têm sobre mim.",
    ],
    "hi": [
        "मुझे बताइए कि आपके पास मेरी कौन सी जानकारी है।", "मेरी जानकारी की एक प्रति दें।",
    ],
}
HARDER_OTHER = {
    "en": [
        "Can you delete the test data from our sandbox?", "We lost our data in the migration.", "Please send the data sheet for model X.",
        "My information page shows the wrong logo.", "Could you delete the number from the blacklist?",
        "Please delete my order 4711, I ordered twice.", "I need to know what data rates apply in Germany.", "Where do you keep your servers?",
        "Please delete our old logo from the invoice template.", "Please provide details of the charges on my bill.",
        "The contact details on your website are outdated.", "All information was received, thanks.",
        "Please share the recording of yesterday's call with me.", "Could you tell me everything about the new plan?",
        "Please remove the restriction on my line.", "Please export my contacts to the new phone system.", "Can I get a copy of my last bill?",
        "I want my money back.", "What do you know about the outage?", "Please keep my data safe.", "Please erase the board before the meeting.",
        "Could you forward the data to our accountant? He needs the March invoice.",
        "I would like to receive more information on data protection training.", "My personal hotspot is not working.",
        "I want to change all my personal details in my profile.", "Please send me all information about the new tariff.",
        "All our users complain about the data speed.", "We need all the information about number porting.",
        "My personal manager has left, who is my new contact?", "Please remove the personal greeting from my line.",
        "Can you please activate data for all my numbers?", "Is my personal data shared with third parties?",
        "Where can I read about how you handle my personal data?", "I received a mail saying that you delete inactive accounts, is that true?",
        "Please remove all holds from my account.", "Please cancel all my subscriptions.",
        "The personal assistant feature deletes my notes, please fix.", "We want a copy of all invoices of 2024.",
        "Please delete all messages in my voicemail box.", "I would like to have all information on my last bill explained.",
        "My details on the bill are wrong, please correct them.", "Please provide my account balance.", "Could you give me the details of my plan?",
        "I need details of all calls made from my number yesterday.", "Please send me the details of your data center.",
        "I need a list of all my active numbers.", "Please share the list of our users.", "Your invoice shows data that is not mine.",
        "Remove all data add-ons from my plan.", "I can't see any data in my report.",
        "I have deleted all my contacts from the phone, how do I get them back?", "Please remove my colleague from the account, he retired.",
        "Please make all my data roaming free.", "Thank you for sending me all the information I needed.", "Please stop sending me information.",
        "I want to record all my calls.", "Please tell me the status of my personal loan of a phone.",
        "For the audit we need a list of who can access our data.", "The data you sent me is incomplete, please resend the March report.",
        "You have my permission to keep my data.", "Do you keep my data after I cancel?",
        "Please correct the personal data in my account: my name is misspelt.", "What is your procedure for data deletion requests?",
        "We are a processor for our customers and need your GDPR documentation.",
        "Please complete our GDPR questionnaire about data access and retention.",
    ],
    "de": [
        "Bitte löschen Sie den Termin am Freitag.", "Was kostet ein Datenpaket?", "Bitte schicken Sie mir die Daten des Technikers.",
        "Meine Daten im Impressum sind falsch.", "Ich brauche eine Kopie meines Vertrags.", "Bitte ändern Sie meine persönlichen Daten.",
        "Alle unsere Telefone sind ohne Daten.", "Bitte senden Sie mir alle Informationen zum Tarif.",
        "Bitte löschen Sie alle Sperren auf meinem Anschluss.", "Ist mein Konto nach DSGVO sicher?", "Ich habe eine Frage zum Datenschutz.",
    ],
    "fr": [
        "Supprimez la ligne 12 de la facture.", "Je souhaite savoir quels forfaits vous proposez.",
        "Merci de m'envoyer les données techniques du routeur.", "Je veux modifier mes informations personnelles.",
        "Envoyez-moi toutes les informations sur l'offre.", "Mes données mobiles sont lentes.", "Supprimez toutes les options de mon forfait.",
    ],
    "es": [
        "Borren la línea 12 de la factura.", "Quiero saber qué tarifas tienen.", "Envíen los datos técnicos del router.",
        "Quiero cambiar mis datos personales.", "Envíenme toda la información sobre la oferta.", "Mis datos móviles van lentos.",
        "Eliminen todas las opciones de mi plan.",
    ],
    "pt": [
        "Apaguem a linha 12 da fatura.", "Quero saber que planos têm.", "Enviem os dados técnicos do router.", "Quero alterar os meus dados pessoais.",
        "Enviem toda a informação sobre a oferta.", "Os meus dados móveis estão lentos.", "Removam todas as opções do meu plano.",
    ],
    "hi": [
        "कृपया मेरा रिचार्ज करें।", "मुझे नए प्लान की जानकारी चाहिए।", "मुझे मेरे बिल की जानकारी चाहिए।", "मेरा सारा डेटा खत्म हो गया।",
        "मेरे नंबर की जानकारी अपडेट करें।",
    ],
}
SUBJECTS = {
    "en": ["Hello", "Question", "My account", "(no subject)", "Request", "Urgent", "Help needed", "Customer 481516", "Complaint"],
    "de": ["Hallo", "Frage", "Mein Konto", "Anfrage", "Dringend"],
    "fr": ["Bonjour", "Question", "Mon compte", "Demande"],
    "es": ["Hola", "Consulta", "Mi cuenta", "Urgente"],
    "pt": ["Olá", "Dúvida", "Minha conta", "Urgente"],
    "hi": ["नमस्ते", "प्रश्न", "Hello", "अनुरोध"],
}
AROUND = {
    "en": [("", ""), ("Hi,\n\n", "\n\nThanks\nAsha"), ("Dear Sir or Madam,\n\nI have been your customer since 2019. ", "\n\nRegards,\nAsha Rao\n+91 98123 45678"), ("Hello Support,\n", "\nPlease confirm when it is done."), ("", "\n\nSent from my iPhone")],
    "de": [("", ""), ("Guten Tag,\n\n", "\n\nMit freundlichen Grüßen\nJürgen Groß"), ("Hallo,\n\nich bin seit 2019 Kunde. ", "\n\nGruß\nAnja")],
    "fr": [("", ""), ("Bonjour,\n\n", "\n\nCordialement\nÉloïse"), ("Madame, Monsieur,\n\nje suis cliente depuis 2019. ", "\n\nMerci d'avance.")],
    "es": [("", ""), ("Hola:\n\n", "\n\nSaludos\nLucía"), ("Estimados señores:\n\nSoy cliente desde 2019. ", "\n\nGracias.")],
    "pt": [("", ""), ("Olá,\n\n", "\n\nObrigado\nJoão"), ("Prezados,\n\nsou cliente desde 2019. ", "\n\nAtenciosamente.")],
    "hi": [("", ""), ("नमस्ते,\n\n", "\n\nधन्यवाद\nआशा"), ("महोदय,\n\nमैं 2019 से आपका ग्राहक हूँ। ", "\n\nधन्यवाद।")],
}


def sentences():
    """Every sentence with its language and what it asks for; None for nothing."""
    tables = [("delete", DELETE), ("export", EXPORT), ("both", BOTH), (None, OTHER), ("delete", MORE_DELETE), ("export", MORE_EXPORT), (None, MORE_OTHER)]
    tables += [("delete", HARDER_DELETE), ("export", HARDER_EXPORT), (None, HARDER_OTHER)]
    for asked, table in tables:
        for language, texts in table.items():
            for text in texts:
                yield language, asked, text


def label(asked):
    if asked is None:
        return {"class": "other", "answer": False}
    kind = None if asked == "both" else asked
    return {"class": "request", "answer": True, "complete": False, "request": {"kind": kind}}
