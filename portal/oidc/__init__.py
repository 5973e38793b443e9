"""Asking somebody's own company who they are: the client's side of OpenID Connect."""
