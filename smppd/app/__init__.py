"""The gateway as a whole: its parts put together, in one process or two.

`running.run` is the gateway until told to stop, `gateway.Gateway` one node, `child` its right side as a process of its
own, which is why nothing is imported here.
"""
