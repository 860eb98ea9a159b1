"""OUT, one folder an ERP: each turns effects into its own requests and its answers into receipts."""
