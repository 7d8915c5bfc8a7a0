def rows(bench):
    return []
