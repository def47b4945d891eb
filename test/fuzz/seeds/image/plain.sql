-- keys, references, an index, an overflow chain, free pages
CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, price DECIMAL(10,2) DEFAULT 1.5);
CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id) ON DELETE CASCADE, body TEXT, at DATETIME);
CREATE INDEX b_a ON b (a_id, at DESC) WHERE a_id IS NOT NULL;
CREATE VIEW v AS SELECT a.name, count(*) AS n FROM a JOIN b ON a_id = a.id GROUP BY a.name;
CREATE TABLE gone (x);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT INTO a SELECT i, 'name' || i, i / 2.0 FROM n;
INSERT INTO b SELECT id, id, replace(hex(zeroblob(id * 12)), '0', 'x'), '2020-01-31 10:00:00' FROM a;
INSERT INTO gone SELECT zeroblob(500) FROM a LIMIT 5;
DROP TABLE gone;
