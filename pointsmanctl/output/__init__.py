"""What commands print: tables for people, and the console that they are printed on."""
