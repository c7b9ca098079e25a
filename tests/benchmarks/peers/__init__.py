"""What one would use instead: small programs, each written as its own documentation recommends.

They were read by somebody who knew that documentation only (2026-11-22). Since then `websockets`
has uvloop, uvicorn no access log, FastAPI's takes what is posted as it is, and the names say "on
Daphne". What is left to say stands in the text of question 1.
"""
