"""One file per fine-tuning service, each with a function `connect(data_dir) -> Provider`."""
