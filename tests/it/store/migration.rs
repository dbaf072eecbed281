//! A state from before deletions goes on with them: everything that it held is still there, and deletions that waited
//! to be carried out by hand are planned. `migrations/` has the text.

use super::on_both;
use dsrd::store::Engine;

/// A state as version 0.1 left it: a deletion by hand, a finished export, and what belongs to them.
const ROWS: &str = "
INSERT INTO data_keys VALUES ('k1', 'm', '\\x00', 1);
INSERT INTO requests VALUES ('DSR-0000-0001', 3, 'delete', 'awaiting-approval', 5, NULL, NULL, NULL, 4, 9, 9, 's', 'p', 'k1', '\\x00');
INSERT INTO requests VALUES ('DSR-0000-0002', 7, 'export', 'closed', 6, NULL, 'completed', NULL, 4, 9, NULL, 's', 'p', 'k1', '\\x00');
INSERT INTO challenge_codes VALUES ('c1', 'DSR-0000-0001', 'h', 1, 2, 'void');
INSERT INTO plans VALUES ('DSR-0000-0002', 'h', 1, 'k1', '\\x00');
INSERT INTO jobs VALUES ('j1', 'DSR-0000-0002', 'export', 'done', 1, 1, 1, 'w', NULL, NULL, 1, 2);
INSERT INTO steps VALUES ('j1', 'export call_logs', 'rows=3', 2);
INSERT INTO packages VALUES ('DSR-0000-0002', 'k1', NULL, 1);
";

#[tokio::test]
async fn a_state_of_the_first_version_goes_on() {
    on_both(async |state| {
        let blob = if state.engine == Engine::Sqlite { "BLOB" } else { "BYTEA" };
        if state.engine == Engine::Sqlite {
            std::fs::write(state.url.trim_start_matches("sqlite://"), "").unwrap();
        }
        let spine = include_str!("../../../migrations/0001_spine.sql").replace(" BLOB", &format!(" {blob}"));
        let third = include_str!("../../../migrations/0003_conversation.sql");
        let fourth =
            include_str!("../../../migrations/0004_deletions.sql").replace(" BLOB", &format!(" {blob}"));
        let frozen = "INSERT INTO freezes VALUES ('DSR-0000-0001', 'a', 9, 0);";
        for sql in [spine, ROWS.to_owned(), format!("{third} {frozen}"), format!("BEGIN; {fourth} COMMIT;")] {
            state.raw(&sql).await.unwrap();
        }
        let count = async |what: &str| state.numbers(&format!("SELECT COUNT(*) FROM {what}")).await;
        for (table, many) in [
            ("requests", 2),
            ("challenge_codes", 1),
            ("plans", 1),
            ("jobs", 2),
            ("steps", 1),
            ("packages", 1),
            ("freezes", 1),
        ] {
            assert_eq!(count(table).await, [many], "{table}");
        }
        let planned = "jobs WHERE kind = 'plan' AND state = 'queued' AND reference = 'DSR-0000-0001'";
        assert_eq!(count(planned).await, [1], "the deletion by hand is planned");
        let orphan = "INSERT INTO steps VALUES ('nobody', 'x', 'y', 1)";
        assert!(state.raw(orphan).await.is_err());
        let cooling = "UPDATE requests SET stage = 'cooling-off' WHERE reference = 'DSR-0000-0001'";
        state.raw(cooling).await.unwrap();
        assert!(state.raw(&cooling.replace("0001", "0002")).await.is_err(), "only a deletion cools off");
    })
    .await;
}
