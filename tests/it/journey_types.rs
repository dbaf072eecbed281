//! What a database keeps in types of its own reaches a person as they would read it, in CSV and in JSON Lines: nothing is
//! lost, nothing stops the copy. `world` has the company; here it has one table more.

use crate::rig::fresh_postgres;
use crate::world::{ASHA, Opened, RAVI, World, export_request, journeys};
use sqlx::{AssertSqlSafe, Connection};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";
const LONG: usize = 1_000_000;

journeys!(Setup::default() =>
    every_type_of_postgres_is_handed_out_as_people_read_it,
    what_sqlite_keeps_is_handed_out_by_what_it_is,
);

/// One row with something in each column, and one with nothing.
const POSTGRES: &str = r#"
CREATE TYPE mood AS ENUM ('glad', 'upset, "very"');
CREATE TYPE place AS (street text, house int);
CREATE DOMAIN plan_name AS text CHECK (length(VALUE) < 40);
CREATE TABLE odd (id uuid PRIMARY KEY, account text, number text, small smallint, big bigint, exact numeric, narrow real,
  wide double precision, yes boolean, at timestamptz, local timestamp, day date, hour time, span interval, doc json,
  docb jsonb, raw bytea, tags text[], grid int[], mood mood, place place, plan plan_name, ip inet, net cidr, mac macaddr,
  valid daterange, bits bit(4), xy point, cash numeric(12, 2), fixed char(4), long text);
INSERT INTO odd VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '481516', '+919876543210', -7, 9223372036854775807,
  12345678901234567890.123456789, 0.1, 0.30000000000000004, true, '2025-03-31 18:30:00.123456+05:30',
  '2025-03-31 18:30:00', '2025-03-31', '18:30:00', '1 mon 2 days 03:04:05', '{"b":1,  "a":[2]}', '{"b":1,  "a":[2]}',
  '\x00ff', ARRAY['a', 'b "c"', NULL], '{{1,2},{3,4}}', 'upset, "very"', ROW('Main St', 5), 'gold', '10.1.2.3/24',
  '10.1.0.0/16', '08:00:2b:01:02:03', '[2025-01-01,2025-02-01)', B'1010', '(1,2.5)', -12.50, 'ab', repeat('x', 1000000));
INSERT INTO odd VALUES ('b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '481516', '+919876543210');
"#;

const SQLITE: &str = "
CREATE TABLE odd (id INTEGER PRIMARY KEY, account TEXT, number TEXT, a, b, c, d, e, f, g);
INSERT INTO odd VALUES (1, '481516', '+919876543210', X'00ff', 0.1, -1e300, 9223372036854775807, 'x\ny', CAST(X'ff41' AS TEXT), NULL),
  (2, '481516', '+919876543210', 'text', 5, -2.5, '-12.50', '=1+1', X'', '');
";

/// The table as a category of its own, with these columns.
async fn lists(world: &mut World, source: &str, sections: &str, columns: &str) {
    let shown: Vec<String> = columns
        .split_whitespace()
        .map(|name| format!("{{ name = \"{name}\", title = \"{name}\" }}"))
        .collect();
    let category = format!(
        "{sections}\n[[data]]\nname = \"odd\"\ntitle = \"Odd\"\npurpose = \"To try.\"\nsource = \"{source}\"\ntable = \"odd\"\n\
         key = \"id\"\naccount_column = \"account\"\nnumber_columns = [\"number\"]\ncolumns = [{}]\n",
        shown.join(", ")
    );
    world.reconfigures(|text| format!("{text}{category}")).await;
}

async fn takes_a_copy(world: &mut World) -> Opened {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    let (_, _, opened) = world.opens_the_package(ASHA);
    assert_eq!(opened.rows["odd"], 2);
    opened
}

/// A line for each column of the first row of a CSV file and of a JSON Lines file, side by side.
fn side_by_side(opened: &Opened, at: usize) -> String {
    let csv = opened.text("data/odd.csv");
    let mut reader = csv::Reader::from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let record = reader.records().nth(at).unwrap().unwrap();
    let jsonl = opened.text("data/odd.jsonl");
    let row: serde_json::Value = serde_json::from_str(jsonl.lines().nth(at).unwrap()).unwrap();
    let lines = names.iter().zip(record.iter()).map(|(name, cell)| {
        let raw = row.get(name).unwrap();
        if cell.len() == LONG && raw.as_str() == Some(cell) {
            return format!("{name}: {LONG} characters");
        }
        format!("{name}: {} | {raw}", cell.replace('\n', "\\n"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

async fn every_type_of_postgres_is_handed_out_as_people_read_it(world: &mut World) {
    let url = fresh_postgres("odd");
    let mut database = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(POSTGRES.to_owned())).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let source = format!("[sources.odd]\nkind = \"postgres\"\nurl = \"{url}\"\n");
    let columns = "id small big exact narrow wide yes at local day hour span doc docb raw tags grid mood place plan ip net \
        mac valid bits xy cash fixed long";
    lists(world, "odd", &source, columns).await;
    let opened = takes_a_copy(world).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!(side_by_side(&opened, 0), @r#"
        id: a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 | "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
        small: -7 | -7
        big: 9223372036854775807 | 9223372036854775807
        exact: 12345678901234567890.123456789 | "12345678901234567890.123456789"
        narrow: 0.1 | 0.1
        wide: 0.30000000000000004 | 0.30000000000000004
        yes: true | "true"
        at: 2025-03-31 13:00:00.123456+00 | "2025-03-31 13:00:00.123456+00"
        local: 2025-03-31 18:30:00 | "2025-03-31 18:30:00"
        day: 2025-03-31 | "2025-03-31"
        hour: 18:30:00 | "18:30:00"
        span: 1 mon 2 days 03:04:05 | "1 mon 2 days 03:04:05"
        doc: {"b":1,  "a":[2]} | "{\"b\":1,  \"a\":[2]}"
        docb: {"a": [2], "b": 1} | "{\"a\": [2], \"b\": 1}"
        raw: 00ff | {"hex":"00ff"}
        tags: {a,"b \"c\"",NULL} | "{a,\"b \\\"c\\\"\",NULL}"
        grid: {{1,2},{3,4}} | "{{1,2},{3,4}}"
        mood: upset, "very" | "upset, \"very\""
        place: ("Main St",5) | "(\"Main St\",5)"
        plan: gold | "gold"
        ip: 10.1.2.3/24 | "10.1.2.3/24"
        net: 10.1.0.0/16 | "10.1.0.0/16"
        mac: 08:00:2b:01:02:03 | "08:00:2b:01:02:03"
        valid: [2025-01-01,2025-02-01) | "[2025-01-01,2025-02-01)"
        bits: 1010 | "1010"
        xy: (1,2.5) | "(1,2.5)"
        cash: -12.50 | "-12.50"
        fixed: ab | "ab"
        long: 1000000 characters
        "#);
    }
    let nothing = side_by_side(&opened, 1);
    let empty = nothing.lines().skip(1).all(|line| line.ends_with(":  | null"));
    assert!(empty && nothing.lines().count() == 29, "{nothing}");
}

async fn what_sqlite_keeps_is_handed_out_by_what_it_is(world: &mut World) {
    world.company_writes(SQLITE).await;
    lists(world, "telephony", "", "id a b c d e f g").await;
    let opened = takes_a_copy(world).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!(side_by_side(&opened, 0), @r#"
        id: 1 | 1
        a: 00ff | {"hex":"00ff"}
        b: 0.1 | 0.1
        c: -1e300 | -1e+300
        d: 9223372036854775807 | 9223372036854775807
        e: x\ny | "x\ny"
        f: ff41 | {"hex":"ff41"}
        g:  | null
        "#);
        insta::assert_snapshot!(side_by_side(&opened, 1), @r#"
        id: 2 | 2
        a: text | "text"
        b: 5 | 5
        c: -2.5 | -2.5
        d: -12.50 | "-12.50"
        e: '=1+1 | "=1+1"
        f:  | {"hex":""}
        g:  | ""
        "#);
    }
}
