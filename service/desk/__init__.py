"""What people ask and order, whichever way they come: the command line and the admin API say it, the ledger does it."""
