"""WHAT IT IS: the vocabulary of Orderferry. Pure, frozen, versioned; imports nothing of the rest."""
