"""Who lives here, who pays, and who may do what."""
