"""The oracle: folds the source log itself, and judges the ERP's database and the product's claims by it."""
