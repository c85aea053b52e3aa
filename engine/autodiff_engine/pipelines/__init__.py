"""The programs that come with us, one module each."""
