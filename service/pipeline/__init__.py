"""The story on one page (`story`) and its chapters; speaks to ports only, so that all of it runs against fakes."""
