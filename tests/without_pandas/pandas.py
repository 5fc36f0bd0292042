"""Stands before the pandas of this environment, and makes a process run as where there is none.

pyarrow imports pandas as soon as it converts a list, which is a third of what a short run costs.
"""

msg = "this process runs without pandas"
raise ModuleNotFoundError(msg, name="pandas")
