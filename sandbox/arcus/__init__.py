"""An Arcus ERP of our own making: follows its documentation, counts what moves money, and lies on demand."""
