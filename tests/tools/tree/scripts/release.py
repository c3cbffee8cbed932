def version(text):
    return eval(text)
