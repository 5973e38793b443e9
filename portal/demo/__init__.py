"""The demo: a made-up year of mail between three companies and Connectica, played into the desk."""
