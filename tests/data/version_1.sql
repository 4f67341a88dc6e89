BEGIN TRANSACTION;
CREATE TABLE sched_file (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    magic TEXT NOT NULL,
    version INTEGER NOT NULL,
    uuid TEXT NOT NULL,
    openings INTEGER NOT NULL,
    aging REAL,
    last_id INTEGER NOT NULL,
    last_ended INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    added INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    retried INTEGER NOT NULL
) STRICT;
INSERT INTO "sched_file" VALUES(1,'priority-sched',1,'7dbc34d68e4449ad97b60081b043c0bd',1,NULL,5,2,1,1,5,1,1,0,2);
CREATE TABLE sched_tasks (
    id INTEGER PRIMARY KEY,
    state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 6),
    rank ANY NOT NULL,
    run_at REAL NOT NULL,
    priority ANY NOT NULL,
    attempts INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started_at REAL,
    finished_at REAL,
    ended INTEGER,
    result TEXT,
    error TEXT,
    added_at REAL NOT NULL,
    name TEXT NOT NULL,
    action TEXT,
    arguments TEXT,
    timeout REAL,
    retry TEXT,
    key TEXT
) STRICT;
INSERT INTO "sched_tasks" VALUES(1,3,1,1700000000.0,1,2,4294967301,1700000000.0,NULL,NULL,NULL,'e',1700000000.0,'running',NULL,NULL,5.0,NULL,'k');
INSERT INTO "sched_tasks" VALUES(2,2,2,1700000000.0,2,0,0,NULL,NULL,NULL,NULL,NULL,1700000000.0,'ready',NULL,NULL,NULL,'{"max_attempts":7,"base":1.0,"factor":2.0,"cap":60.0,"jitter":"full","seed":null}',NULL);
INSERT INTO "sched_tasks" VALUES(3,1,2.5,4000000000.0,2.5,0,0,NULL,NULL,NULL,NULL,NULL,1700000000.0,'waits',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "sched_tasks" VALUES(4,4,0,1700000000.0,0,0,4294967297,1700000000.0,1700000000.0,1,'{"n":1}',NULL,1700000000.0,'done',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "sched_tasks" VALUES(5,5,0,1700000000.0,0,0,4294967298,1700000000.0,1700000000.0,2,NULL,'e',1700000000.0,'failed',NULL,NULL,NULL,NULL,NULL);
CREATE INDEX sched_ready ON sched_tasks (rank, run_at, id) WHERE state = 2;
CREATE INDEX sched_waiting ON sched_tasks (run_at, id) WHERE state = 1;
CREATE INDEX sched_ended ON sched_tasks (ended) WHERE ended IS NOT NULL;
CREATE UNIQUE INDEX sched_keys ON sched_tasks (key) WHERE key IS NOT NULL AND state <= 3;
COMMIT;
