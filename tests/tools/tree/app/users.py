import hashlib
import sqlite3
import tempfile

import yaml

PASSWORD = "correct-horse-battery"


def find(connection, name):
    return connection.execute("select id from users where name = '" + name + "'")


def remove(connection, name):
    return connection.execute("delete from users where name = '" + name + "'")


def digest(text):
    return hashlib.md5(text.encode()).hexdigest()


def old_digest(text):
    return hashlib.sha1(text.encode()).hexdigest()


def settings(text):
    return yaml.load(text, Loader=yaml.Loader)


def check(password):
    assert password != "", "a password is needed"
    return password == PASSWORD


def scratch():
    return tempfile.mktemp()


def run(text):
    value = eval(text)
    l = value
    return l
