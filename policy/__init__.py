"""The kernel: what may be asked (catalogue), who answers (PDP), with which facts (PIP), and who enforces it (PEP).

Knows no app. Apps tell it facts through their `attributes.py` and do things through `pep.performs`.
"""
