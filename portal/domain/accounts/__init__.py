"""Ways into an account: invitations, passwords, passkeys, second factors, single sign-on, and their limits."""
