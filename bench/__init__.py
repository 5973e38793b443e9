"""How fast the portal is, each figure beside a bare Flask response of the same server in the same run."""
