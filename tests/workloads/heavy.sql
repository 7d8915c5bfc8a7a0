-- A second of SQLite: a table filled by a recursive query, an index, a self join and a sort.
CREATE TABLE item(id INTEGER PRIMARY KEY, bucket INT, label TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
INSERT INTO item SELECT i, (i * 7919) % 1009, 'label-' || ((i * 104729) % 65537) FROM n;
CREATE INDEX item_bucket ON item(bucket);
SELECT count(*) FROM item a JOIN item b ON a.bucket = b.bucket AND a.id < b.id AND b.id < 60000;
SELECT label, count(*) FROM item GROUP BY label ORDER BY 2 DESC, 1 LIMIT 3;
