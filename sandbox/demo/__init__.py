"""`make run`: shop, broker, ERP and service as processes of their own, kills and lies, and a proof at the end."""
