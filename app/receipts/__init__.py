"""What witnesses see and do with their receipt code: follow, approve, take back, carry away.

There is no account: the code opens a short session, which ends after five idle minutes.
"""
