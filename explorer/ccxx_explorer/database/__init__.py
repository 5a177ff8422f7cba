"""The explorer's index on disk: the only place with SQL.

`schema` names the tables, `chain` writes blocks, `records` keeps the certificate registry,
`reader` and `holdings` answer questions, `store` is the door through which the index changes.
"""
