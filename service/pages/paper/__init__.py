"""Papers that outlive the screen: statements as PDF, set by typst in a process of its own.

`facts` turns a page into plain texts, `sheet.typ` and `statement.typ` say how they look, `press`
has them printed, `jobs` keeps what takes longer than a person likes to wait.
"""
