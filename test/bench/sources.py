"""The SQLite databases that are measured: made from nothing, the same bytes of content every time."""

import hashlib
import os
import shutil
import sqlite3

COUNT = 'WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) '


def wide(db, rows):
    """One table of the usual types."""
    db.execute('''CREATE TABLE wide (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email VARCHAR(100), code CHAR(8),
                  created DATETIME, updated TIMESTAMP, amount DECIMAL(10,2), total BIGINT, quantity INT, score REAL,
                  paid BOOLEAN, note TEXT)''')
    db.execute(COUNT % rows + '''
        INSERT INTO wide
        SELECT i, CASE i % 10 WHEN 0 THEN 'Jürgen ' ELSE 'name ' END || i, 'user' || i || '@example.com',
               printf('%08x', i * 2654435761 % 4294967296), datetime(1600000000 + i, 'unixepoch'),
               CASE WHEN i % 3 > 0 THEN strftime('%Y-%m-%d %H:%M:%f', 1600000000 + i * 7, 'unixepoch') END,
               (i * 7919 % 1000000) / 100.0, i * 1000003, i % 97, (i * 31 % 10007) / 64.0, i % 2,
               CASE WHEN i % 5 > 0 THEN 'some note text here ' || (i * 7919 % 1000003) END
          FROM c''')


APPLICATION = '''
CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, email VARCHAR(120) NOT NULL,
    country CHAR(2), created DATETIME, active BOOLEAN NOT NULL DEFAULT 1);
CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), street TEXT, city TEXT,
    zip VARCHAR(10), is_default BOOLEAN);
CREATE TABLE categories (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES categories (id), name TEXT NOT NULL);
CREATE TABLE suppliers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country CHAR(2));
CREATE TABLE products (id INTEGER PRIMARY KEY, category_id INTEGER NOT NULL REFERENCES categories (id),
    supplier_id INTEGER REFERENCES suppliers (id), sku VARCHAR(16) NOT NULL, name TEXT NOT NULL, price DECIMAL(10,2) NOT NULL,
    weight REAL, added DATE, CHECK (price >= 0));
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE product_tags (product_id INTEGER NOT NULL REFERENCES products (id), tag_id INTEGER NOT NULL REFERENCES tags (id),
    PRIMARY KEY (product_id, tag_id)) WITHOUT ROWID;
CREATE TABLE employees (id INTEGER PRIMARY KEY, manager_id INTEGER REFERENCES employees (id), name TEXT NOT NULL, hired DATE);
CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, customer_id INTEGER NOT NULL REFERENCES customers (id),
    address_id INTEGER REFERENCES addresses (id), employee_id INTEGER REFERENCES employees (id), placed DATETIME NOT NULL,
    status VARCHAR(10) NOT NULL DEFAULT 'new', total DECIMAL(12,2));
CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    product_id INTEGER NOT NULL REFERENCES products (id), quantity INT NOT NULL, price DECIMAL(10,2) NOT NULL);
CREATE TABLE payments (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id), paid_at DATETIME,
    amount DECIMAL(12,2), method VARCHAR(10), reference TEXT);
CREATE TABLE events (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), happened DATETIME NOT NULL,
    kind VARCHAR(20), detail TEXT);
CREATE UNIQUE INDEX customers_email ON customers (email);
CREATE INDEX customers_country ON customers (country);
CREATE INDEX customers_created ON customers (created);
CREATE INDEX addresses_customer ON addresses (customer_id);
CREATE INDEX addresses_zip ON addresses (zip);
CREATE INDEX categories_parent ON categories (parent_id);
CREATE UNIQUE INDEX categories_name ON categories (name);
CREATE INDEX suppliers_country ON suppliers (country);
CREATE UNIQUE INDEX products_sku ON products (sku);
CREATE INDEX products_category ON products (category_id);
CREATE INDEX products_supplier ON products (supplier_id);
CREATE INDEX products_price ON products (price DESC);
CREATE UNIQUE INDEX tags_name ON tags (name);
CREATE INDEX product_tags_tag ON product_tags (tag_id);
CREATE INDEX employees_manager ON employees (manager_id);
CREATE INDEX orders_customer ON orders (customer_id, placed);
CREATE INDEX orders_address ON orders (address_id);
CREATE INDEX orders_employee ON orders (employee_id);
CREATE INDEX orders_placed ON orders (placed);
CREATE INDEX orders_open ON orders (status) WHERE status = 'open';
CREATE INDEX order_items_order ON order_items (order_id);
CREATE INDEX order_items_product ON order_items (product_id);
CREATE INDEX payments_order ON payments (order_id);
CREATE INDEX payments_paid ON payments (paid_at);
CREATE INDEX events_customer ON events (customer_id, happened);
CREATE INDEX events_kind ON events (kind);
'''


def application(db, orders):
    """A shop: 12 tables, 26 indexes, 14 foreign keys; 7.5 rows an order."""
    customers, products = max(orders // 10, 10), max(orders // 20, 10)
    db.executescript(APPLICATION)

    def fill(table, rows, columns):
        db.execute(COUNT % rows + f'INSERT INTO {table} SELECT {columns} FROM c')

    moment = "datetime(1600000000 + i * %d, 'unixepoch')"
    fill('customers', customers, f"i, 'Customer ' || i, 'c' || i || '@example.com', substr('DEFRITESPLNLSE', i % 7 * 2 + 1, 2), "
                                 f"{moment % 3600}, i % 9 > 0")
    fill('addresses', customers * 2, f"i, 1 + i * 7919 % {customers}, 'Street ' || i % 977, 'City ' || i % 499, "
                                     "printf('%05d', i * 31 % 100000), i % 2")
    fill('categories', 200, "i, CASE WHEN i > 10 THEN 1 + i % 10 END, 'Category ' || i")
    fill('suppliers', 300, "i, 'Supplier ' || i, substr('DEFRITESPLNLSE', i % 7 * 2 + 1, 2)")
    fill('products', products, "i, 1 + i % 200, CASE WHEN i % 11 > 0 THEN 1 + i % 300 END, printf('SKU-%08d', i), 'Product ' || i, "
                               "(i * 7919 % 100000) / 100.0, (i % 1000) / 8.0, date(1500000000 + i * 86400, 'unixepoch')")
    fill('tags', 100, "i, 'tag ' || i")
    fill('product_tags', products * 3, "1 + (i - 1) / 3, 1 + (i * 37) % 100")
    fill('employees', 150, "i, CASE WHEN i > 5 THEN 1 + i % 5 END, 'Employee ' || i, date(1400000000 + i * 864000, 'unixepoch')")
    fill('orders', orders, f"i, 1 + i * 7919 % {customers}, 1 + i * 104729 % {customers * 2}, 1 + i % 150, {moment % 60}, "
                           "CASE i % 20 WHEN 0 THEN 'open' WHEN 1 THEN 'cancelled' ELSE 'shipped' END, (i * 7919 % 1000000) / 100.0")
    fill('order_items', orders * 3, f"i, 1 + (i - 1) / 3, 1 + i * 7919 % {products}, 1 + i % 7, (i * 7919 % 100000) / 100.0")
    fill('payments', orders, f"i, i, {moment % 61}, (i * 7919 % 1000000) / 100.0, CASE i % 3 WHEN 0 THEN 'card' ELSE 'transfer' END, "
                             "printf('%016x', i * 2654435761)")
    fill('events', orders * 2, f"i, 1 + i * 7919 % {customers}, {moment % 30}, 'kind ' || i % 12, 'what happened, in words: ' || i * 31")


def small(db, tables, rows=20):
    """Many small tables."""
    for n in range(1, tables + 1):
        db.execute(f'CREATE TABLE t{n} (id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount DECIMAL(10,2), created DATETIME)')
        db.execute(COUNT % rows + f"INSERT INTO t{n} SELECT i, 'name ' || i * {n}, (i * {n} % 1000) / 100.0, "
                   "datetime(1600000000 + i, 'unixepoch') FROM c")


def columns(db, tables, width, rows):
    """Tables of many columns."""
    for n in range(1, tables + 1):
        kinds = ('INTEGER', 'TEXT', 'REAL', 'BOOLEAN')
        names = ', '.join(f'c{k} {kinds[k % 4]}' for k in range(width))
        values = ', '.join((f'i + {k}', f"'v' || (i * {k + 1} % 1000)", f'(i + {k}) / 4.0', f'(i + {k}) % 2')[k % 4]
                           for k in range(width))
        db.execute(f'CREATE TABLE w{n} ({names})')
        db.execute(COUNT % rows + f'INSERT INTO w{n} SELECT {values} FROM c')


def blobs(db, rows):
    """Bytes that do not compress up to 64 kB, texts up to 32 kB."""
    db.execute('CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind VARCHAR(20), data BLOB, body TEXT)')
    db.executemany('INSERT INTO files VALUES (?, ?, ?, ?, ?)', (
        (i, f'file {i}', ('image/png', 'text/plain', 'application/pdf')[i % 3],
         hashlib.shake_128(b'%d' % i).digest(i * 7919 % 65536),
         ' '.join(hashlib.shake_128(b't%d' % (i % 50)).hexdigest(4) + ' text' for _ in range(i * 31 % 2300)))
        for i in range(1, rows + 1)))


def keys(db, rows):
    """WITHOUT ROWID, and keys in no order."""
    db.execute('CREATE TABLE tokens (token TEXT PRIMARY KEY, owner INT NOT NULL, created DATETIME) WITHOUT ROWID')
    db.execute(COUNT % rows + "INSERT INTO tokens SELECT printf('%08x%08x', i * 2654435761 % 4294967296, i * 40503 % 65536), "
               "i % 1000, datetime(1600000000 + i, 'unixepoch') FROM c")
    db.execute('CREATE TABLE links (a INTEGER, b INTEGER, weight REAL, PRIMARY KEY (a, b)) WITHOUT ROWID')
    db.execute(COUNT % rows + 'INSERT INTO links SELECT i * 2654435761 % 4294967296, i % 100, i / 8.0 FROM c')
    db.execute('CREATE TABLE readings (id INTEGER PRIMARY KEY, at DATETIME, value REAL)')
    db.execute(COUNT % rows + "INSERT INTO readings SELECT i * 2654435761 % 4294967296, "
               "datetime(1600000000 + i, 'unixepoch'), (i * 31 % 10007) / 64.0 FROM c")


def generate(directory, name, maker, *size):
    """Makes a database in both journal modes; returns the two paths."""
    paths = {mode: os.path.join(directory, f'{name}.{mode}.db') for mode in ('rollback', 'wal')}
    db = sqlite3.connect(paths['rollback'])
    db.execute('PRAGMA synchronous = OFF')
    maker(db, *size)
    db.commit()
    db.close()
    shutil.copyfile(paths['rollback'], paths['wal'])
    db = sqlite3.connect(paths['wal'])
    db.execute('PRAGMA journal_mode = WAL')
    db.close()
    for path in paths.values():
        os.chmod(path, 0o644)
    return paths
