//! Standard E5: what is personal never lies readable in the state, whatever it was written through.

use super::{State, address, arrival, meera, on_both, record, reference, resolved, start};
use dsrd::domain::directory::DirectoryEntry;
use dsrd::domain::event::{Arrival, Event, Resolution};
use dsrd::domain::form::{Form, Requester};
use dsrd::domain::notice::{Audience, NoticeKind};
use dsrd::domain::plan::{Plan, PlannedCategory};
use dsrd::domain::policy::Staff;
use dsrd::domain::request::{Kind, Origin};
use dsrd::domain::scope::Scope;
use dsrd::store::{Engine, Keep, NewMail, NewParcel, Settled, Store};
use sqlx::{AssertSqlSafe, Connection};

/// Stands in every personal value below; no value of ours looks like it.
const CANARY: &str = "canarycanary7q";

const TABLES: [&str; 12] = [
    "data_keys",
    "mailboxes",
    "mails",
    "requests",
    "challenge_codes",
    "plans",
    "jobs",
    "packages",
    "outbox",
    "staff",
    "staff_codes",
    "audit",
];

fn sung(text: &str) -> String {
    text.replace('*', CANARY)
}

/// Writes the canary through every door of the state.
async fn sing(store: &Store) {
    let mail = sung("From: *@acme.example\r\nSubject: *\r\n\r\n* +91 98765 43210 *\r\n");
    let asha = address(&sung("*@acme.example"));
    let mut tx = store.begin().await.unwrap();
    for (id, raw) in [("m1", mail.as_bytes()), ("m2", mail.as_bytes())] {
        let mail_id = id;
        tx.insert_mails(
            &[NewMail { id, mailbox: "support", mail_id, received_at: start(), sha256: id, raw }],
            start(),
        )
        .await
        .unwrap();
    }
    let form = Form {
        kind: Some(Kind::Export),
        scope: Scope {
            users: vec![sung("*").as_str().into()],
            text: sung("user *").as_str().into(),
            ..Scope::default()
        },
        requester: Requester {
            name: Some(sung("* Rao").as_str().into()),
            email: Some(asha.clone()),
            ..Requester::default()
        },
        ..arrival(1).form
    };
    let origin = Origin { sender: asha.clone(), message_id: Some(sung("*@mail")), ..arrival(1).origin };
    let sealer =
        record(&mut tx, Arrival { form, origin, text: sung("give me *").as_str().into(), ..arrival(1) })
            .await;
    let planned = PlannedCategory {
        name: "calls".to_owned(),
        title: "Calls".to_owned(),
        count: 1,
        keys: vec![sung("*")],
        keys_sha256: String::new(),
        first: None,
        last: None,
        kept: Vec::new(),
        days: std::collections::BTreeMap::new(),
        table_rows: None,
    };
    let plan =
        Plan { reference: reference(1), kind: Kind::Export, as_of: start(), categories: vec![planned] };
    tx.insert_plan(&plan, &sealer, start()).await.unwrap();
    tx.insert_passphrase(&reference(1), CANARY, &sealer, start()).await.unwrap();
    let parcel = NewParcel {
        id: "o1",
        reference: None,
        notice: NoticeKind::Question,
        audience: Audience::Customer,
        staff: None,
        plan_hash: None,
        token_hash: "t1",
        envelope_from: Some(&asha),
        to: &asha,
        bytes: mail.as_bytes(),
        sha256: "s",
        next_at: start(),
        expires_at: start(),
    };
    tx.insert_parcels(&[(parcel, &sealer)], start()).await.unwrap();
    tx.put_staff(&Staff { address: address(&sung("*@desk.example")), ..meera() }, "ks", start())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    go_on(store).await;
}

/// Changes what was written, so that also what is left of the old rows is looked at.
async fn go_on(store: &Store) {
    let row = store.request(&reference(1)).await.unwrap().expect("there");
    let Event::Resolved(Resolution::Match { entry, law, frozen }) = resolved() else { panic!("a match") };
    let entry = DirectoryEntry {
        name: sung("*").as_str().into(),
        address: address(&sung("*@acme.example")),
        phone: Some(sung("+91*").as_str().into()),
        subject: sung("*"),
        account: sung("*"),
        ..*entry
    };
    let event = Event::Resolved(Resolution::Match { entry: Box::new(entry), law, frozen });
    let mut tx = store.begin().await.unwrap();
    tx.save(&[(&super::after(Some(&row.request), &event), &row.sealer)]).await.unwrap();
    let settled = [("m1", Keep::Raw), ("m2", Keep::Nothing)].map(|(id, keep_raw)| {
        let (state, class, reason) = ("done", "other", "test");
        Settled { id, state, class, reason, reference: None, fingerprint: None, keep_raw }
    });
    tx.settle_mails(&settled).await.unwrap();
    tx.commit().await.unwrap();
}

/// Everything that lies on the disk, or that a database client can read.
async fn all_bytes(state: &State) -> Vec<u8> {
    if state.engine == Engine::Sqlite {
        return state.files().into_iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    }
    let mut connection = sqlx::AnyConnection::connect(&state.url).await.unwrap();
    let mut all = Vec::new();
    for table in TABLES {
        let sql = format!("SELECT CAST(row AS TEXT) FROM {table} AS row");
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        all.extend(rows.into_iter().flat_map(String::into_bytes));
    }
    all
}

fn holds(all: &[u8], word: &str) -> bool {
    let hex = dsrd::domain::plan::hex(word.as_bytes());
    [word, &hex]
        .iter()
        .any(|word| all.windows(word.len()).any(|bytes| bytes.eq_ignore_ascii_case(word.as_bytes())))
}

#[tokio::test]
async fn a_canary_is_never_found_in_the_state() {
    on_both(async |state| {
        let store = state.open().await;
        sing(&store).await;
        let check = async |when: &str| {
            let all = all_bytes(state).await;
            assert!(holds(&all, reference(1).as_str()), "{when}: the search finds what is no secret");
            assert!(holds(&all, "meera"), "{when}: and staff names");
            assert!(!holds(&all, CANARY), "{:?}, {when}: the canary lies open", state.engine);
            assert!(!holds(&all, "98765 43210"), "{:?}, {when}: a body lies open", state.engine);
        };
        check("while it is open").await;
        let request = store.request(&reference(1)).await.unwrap().expect("there").request;
        assert!(request.subject.is_some_and(|entry| entry.account == CANARY), "it was there");
        store.close().await;
        check("after it was closed").await;
    })
    .await;
}
