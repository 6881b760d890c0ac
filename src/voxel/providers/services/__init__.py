"""One file per fine-tuning service: the class `SERVICE`, and `connect(data_dir)`, which makes one from the
environment.
"""
