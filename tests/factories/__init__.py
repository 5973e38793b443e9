"""What tests are made of: rows of the mirror, a company that is billed, and one that is asked for approvals."""
