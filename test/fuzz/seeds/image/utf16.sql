PRAGMA encoding = 'UTF-16le';
PRAGMA auto_vacuum = full;
CREATE TABLE t (a TEXT, b INT);
CREATE TABLE p (id INTEGER PRIMARY KEY, parent REFERENCES p);
INSERT INTO t VALUES ('aé', 1), ('x', 'y');
INSERT INTO p VALUES (1, NULL), (2, 1), (3, 9);
