"""People who speak: pseudonymous everywhere but in the identity vault; what they consent to.

For the features above: `decision.decide` says whether words may leave, `queries.refused_to_team`
says the same of a reading by the team in SQL, `service.visible_to` who is seen.
"""
