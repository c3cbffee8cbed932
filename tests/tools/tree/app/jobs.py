import os
import pickle
import subprocess
import sys


def pack(folder):
    subprocess.call("tar cf out.tar " + folder, shell=True)


def unpack(archive):
    name = archive.strip()
    subprocess.call("tar xf " + name, shell=True)


def clean(folder):
    subprocess.call("rm -rf " + folder, shell=True)


def again(folder):
    # The same line as in `clean`: nothing but its line tells it apart.
    subprocess.call("rm -rf " + folder, shell=True)


def load(data):
    return pickle.loads(data)


def load_other(data):
    kept = pickle.loads(data)
    return kept


def first(items=[]):
    if items == None:
        return None
    return items[0]


def last(items=[]):
    try:
        return items[-1]
    except:
        return None
