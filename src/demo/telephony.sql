-- The made-up phone company of `dsrd demo`: three customers with two users each, half a year of calls, and what hangs on
-- them. Everything follows from the row's number, so that every run holds the same data. Nobody in it exists.

CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO accounts VALUES (481516, 'Acme Traders'), (104729, 'Banyan Books'), (220011, 'Coral Clinic');

CREATE TABLE users (
  id TEXT PRIMARY KEY, account_id INTEGER NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT, role TEXT NOT NULL
);
CREATE INDEX users_email ON users (lower(email));
CREATE INDEX users_account ON users (account_id);
INSERT INTO users VALUES
  ('u-481516-0', 481516, 'Asha Rao', 'asha@acme-traders.example', '+919812345678', 'owner'),
  ('u-481516-1', 481516, 'Dev Patel', 'dev@acme-traders.example', '+919812345679', 'agent'),
  ('u-104729-0', 104729, 'Ravi Menon', 'ravi@banyan-books.example', '+919812345680', 'owner'),
  ('u-104729-1', 104729, 'Lila Sen', 'lila@banyan-books.example', NULL, 'agent'),
  ('u-220011-0', 220011, 'Sara Khan', 'sara@coral-clinic.example', '+919812345681', 'owner'),
  ('u-220011-1', 220011, 'Tariq Ali', 'tariq@coral-clinic.example', NULL, 'agent');

CREATE TABLE numbers (number TEXT PRIMARY KEY, account_id INTEGER NOT NULL);
CREATE INDEX numbers_account ON numbers (account_id);
INSERT INTO numbers VALUES ('+919876500001', 481516), ('+919876500002', 104729), ('+919876500003', 220011);

-- Sixteen calls a day between 09:00 and 17:00 in India (03:30 to 11:30 UTC), from 27 August 2025 to 1 March 2026.
CREATE TABLE call_logs (
  id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, user_id TEXT NOT NULL, caller TEXT NOT NULL, callee TEXT NOT NULL,
  started_at TEXT NOT NULL, seconds INTEGER NOT NULL
);
WITH RECURSIVE call (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM call WHERE n < 2991)
INSERT INTO call_logs
SELECT
  n + 1,
  numbers.account_id,
  'u-' || numbers.account_id || '-' || (n * 7 / 3 % 2),
  CASE WHEN n % 5 < 3 THEN other ELSE number END,
  CASE WHEN n % 5 < 3 THEN number ELSE other END,
  strftime('%Y-%m-%dT%H:%M:%SZ', '2025-08-27 03:30:00',
    (n / 16) || ' days', (n % 16 * 30) || ' minutes', (n * 7919 % 1700) || ' seconds'),
  n * 3571 % 600 + 5
FROM (SELECT n, n * 7 % 3 AS turn, printf('+9198000%05d', n * 31 % 9973) AS other FROM call)
JOIN numbers ON numbers.number = '+91987650000' || (turn + 1);
CREATE INDEX call_logs_account ON call_logs (account_id, started_at);

-- Every fortieth call of the last ninety days was recorded.
CREATE TABLE recordings (
  id INTEGER PRIMARY KEY, call_id INTEGER NOT NULL, account_id INTEGER NOT NULL, user_id TEXT NOT NULL,
  recorded_at TEXT NOT NULL, file TEXT NOT NULL
);
INSERT INTO recordings (call_id, account_id, user_id, recorded_at, file)
SELECT id, account_id, user_id, started_at, substr(started_at, 1, 7) || '/call-' || id || '.wav'
FROM call_logs WHERE id % 40 = 0 AND started_at >= '2025-12-02' ORDER BY id;
CREATE INDEX recordings_account ON recordings (account_id, recorded_at);

CREATE TABLE invoices (id TEXT PRIMARY KEY, account_id INTEGER NOT NULL, issued_on TEXT NOT NULL, amount INTEGER NOT NULL);
WITH RECURSIVE month (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM month WHERE n < 5)
INSERT INTO invoices
SELECT
  'INV-' || accounts.id || '-' || (n + 1), accounts.id,
  strftime('%Y-%m-%d', '2025-10-01', n || ' months'), 900 + (accounts.id + n * 371) % 700
FROM month CROSS JOIN accounts;
CREATE INDEX invoices_account ON invoices (account_id, issued_on);
