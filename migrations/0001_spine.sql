-- One text for SQLite and PostgreSQL: BIGINT (microseconds UTC where a time), TEXT, BLOB (BYTEA on PostgreSQL,
-- replaced by store/dialect.rs). Columns named *_index are keyed hashes, columns that hold BLOB are sealed.

-- One data key per mail that became something; a request inherits its mail's key. Shredding it shreds the request.
CREATE TABLE data_keys (
  id          TEXT   NOT NULL PRIMARY KEY,
  master      TEXT   NOT NULL,
  wrapped     BLOB   NOT NULL,
  created_at  BIGINT NOT NULL
);

CREATE TABLE mailboxes (
  name        TEXT   NOT NULL PRIMARY KEY,
  cursor_text TEXT   NOT NULL,
  since       BIGINT NOT NULL,
  listed_at   BIGINT
);

CREATE TABLE mails (
  id          TEXT   NOT NULL PRIMARY KEY,
  mailbox     TEXT   NOT NULL,
  mail_id     TEXT   NOT NULL,
  received_at BIGINT NOT NULL,
  stored_at   BIGINT NOT NULL,
  sha256      TEXT   NOT NULL,
  fingerprint TEXT,
  state       TEXT   NOT NULL CHECK (state IN ('stored', 'done', 'listed', 'quarantined')),
  attempts    BIGINT NOT NULL CHECK (attempts >= 0),
  class       TEXT,
  reason      TEXT,
  reference   TEXT,
  key_id      TEXT,
  raw         BLOB,
  UNIQUE (mailbox, mail_id),
  CHECK (state <> 'stored' OR raw IS NOT NULL),
  CHECK ((raw IS NULL) = (key_id IS NULL)),
  CHECK (state = 'stored' OR class IS NOT NULL)
);
CREATE INDEX mails_sha256 ON mails (sha256);
CREATE INDEX mails_fingerprint ON mails (fingerprint);
CREATE INDEX mails_state ON mails (state, mailbox);

CREATE TABLE requests (
  reference     TEXT   NOT NULL PRIMARY KEY,
  version       BIGINT NOT NULL CHECK (version > 0),
  kind          TEXT   CHECK (kind IN ('export', 'delete')),
  stage         TEXT   NOT NULL CHECK (stage IN ('recorded', 'awaiting-verification', 'awaiting-approval', 'executing', 'delivering', 'closed')),
  since         BIGINT NOT NULL,
  blocker       TEXT   CHECK (blocker IN ('needs-clarification', 'sender-unauthenticated', 'needs-second-factor', 'undeliverable', 'connector-down', 'plan-drift', 'staff-question')),
  outcome       TEXT   CHECK (outcome IN ('completed', 'refused', 'withdrawn', 'expired')),
  ground        TEXT,
  received_at   BIGINT NOT NULL,
  due_at        BIGINT NOT NULL,
  wake_at       BIGINT,
  sender_index  TEXT   NOT NULL,
  subject_index TEXT,
  key_id        TEXT   NOT NULL REFERENCES data_keys (id),
  body          BLOB   NOT NULL,
  CHECK ((stage = 'closed') = (outcome IS NOT NULL)),
  CHECK ((outcome IS NOT NULL AND outcome = 'refused') = (ground IS NOT NULL)),
  CHECK (stage <> 'closed' OR (blocker IS NULL AND wake_at IS NULL)),
  CHECK (stage NOT IN ('awaiting-approval', 'executing', 'delivering') OR (kind IS NOT NULL AND subject_index IS NOT NULL))
);
CREATE INDEX requests_wake ON requests (wake_at);
CREATE INDEX requests_subject ON requests (subject_index);
CREATE INDEX requests_sender ON requests (sender_index);
-- The key of every mail that is not ours is shredded, and each time the engine looks for rows that still need it.
CREATE INDEX requests_key ON requests (key_id);

CREATE TABLE challenge_codes (
  id         TEXT   NOT NULL PRIMARY KEY,
  reference  TEXT   NOT NULL REFERENCES requests (reference),
  code_hash  TEXT   NOT NULL,
  issued_at  BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state      TEXT   NOT NULL CHECK (state IN ('open', 'void'))
);
CREATE INDEX challenge_codes_reference ON challenge_codes (reference);

CREATE TABLE plans (
  reference TEXT   NOT NULL REFERENCES requests (reference),
  hash      TEXT   NOT NULL,
  frozen_at BIGINT NOT NULL,
  key_id    TEXT   NOT NULL REFERENCES data_keys (id),
  body      BLOB   NOT NULL,
  PRIMARY KEY (reference, hash)
);
CREATE INDEX plans_key ON plans (key_id);

CREATE TABLE jobs (
  id          TEXT   NOT NULL PRIMARY KEY,
  reference   TEXT   NOT NULL REFERENCES requests (reference),
  kind        TEXT   NOT NULL CHECK (kind IN ('resolve', 'plan', 'export')),
  state       TEXT   NOT NULL CHECK (state IN ('queued', 'running', 'done')),
  attempts    BIGINT NOT NULL,
  run_at      BIGINT NOT NULL,
  epoch       BIGINT NOT NULL,
  owner       TEXT,
  lease_until BIGINT,
  last_error  TEXT,
  created_at  BIGINT NOT NULL,
  done_at     BIGINT,
  CHECK ((state = 'running') = (lease_until IS NOT NULL)),
  CHECK ((state = 'done') = (done_at IS NOT NULL))
);
CREATE INDEX jobs_due ON jobs (state, run_at);

CREATE TABLE steps (
  job_id  TEXT   NOT NULL REFERENCES jobs (id),
  name    TEXT   NOT NULL,
  detail  TEXT   NOT NULL,
  done_at BIGINT NOT NULL,
  PRIMARY KEY (job_id, name)
);

CREATE TABLE packages (
  reference  TEXT   NOT NULL PRIMARY KEY REFERENCES requests (reference),
  key_id     TEXT   NOT NULL REFERENCES data_keys (id),
  passphrase BLOB,
  created_at BIGINT NOT NULL
);
CREATE INDEX packages_key ON packages (key_id);

CREATE TABLE outbox (
  id          TEXT   NOT NULL PRIMARY KEY,
  reference   TEXT,
  notice      TEXT   NOT NULL,
  audience    TEXT   NOT NULL CHECK (audience IN ('customer', 'staff')),
  staff       TEXT,
  plan_hash   TEXT,
  token_hash  TEXT   NOT NULL UNIQUE,
  to_index    TEXT   NOT NULL,
  sha256      TEXT   NOT NULL,
  key_id      TEXT   NOT NULL REFERENCES data_keys (id),
  parcel      BLOB,
  state       TEXT   NOT NULL CHECK (state IN ('queued', 'sending', 'accepted', 'uncertain', 'failed')),
  attempts    BIGINT NOT NULL,
  doubts      BIGINT NOT NULL,
  next_at     BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL,
  epoch       BIGINT NOT NULL,
  owner       TEXT,
  lease_until BIGINT,
  created_at  BIGINT NOT NULL,
  settled_at  BIGINT,
  reply       TEXT,
  CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
  CHECK ((state IN ('accepted', 'failed')) = (settled_at IS NOT NULL)),
  CHECK (state IN ('accepted', 'failed') OR parcel IS NOT NULL)
);
CREATE INDEX outbox_due ON outbox (state, next_at);
CREATE INDEX outbox_reference ON outbox (reference);
CREATE INDEX outbox_key ON outbox (key_id);

CREATE TABLE staff (
  name          TEXT   NOT NULL PRIMARY KEY,
  role          TEXT   NOT NULL CHECK (role IN ('agent', 'approver', 'dpo')),
  state         TEXT   NOT NULL CHECK (state IN ('active', 'disabled')),
  address_index TEXT   NOT NULL,
  key_id        TEXT   NOT NULL REFERENCES data_keys (id),
  address       BLOB   NOT NULL,
  created_at    BIGINT NOT NULL
);

CREATE TABLE staff_codes (
  id        TEXT   NOT NULL PRIMARY KEY,
  staff     TEXT   NOT NULL REFERENCES staff (name),
  code_hash TEXT   NOT NULL,
  issued_at BIGINT NOT NULL,
  used_at   BIGINT,
  used_for  TEXT,
  CHECK ((used_at IS NULL) = (used_for IS NULL))
);
CREATE INDEX staff_codes_staff ON staff_codes (staff);

CREATE TABLE audit (
  seq       BIGINT NOT NULL PRIMARY KEY,
  reference TEXT,
  entry     TEXT   NOT NULL,
  leaf      BLOB   NOT NULL
);
CREATE INDEX audit_reference ON audit (reference);

CREATE TABLE audit_head (
  id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  size     BIGINT NOT NULL,
  root     BLOB   NOT NULL,
  frontier BLOB   NOT NULL
);
