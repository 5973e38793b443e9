"""The floor: what Flask itself answers, with nothing of ours."""

from flask import Flask

app = Flask(__name__)


@app.get("/hello")
def hello() -> str:
    return "hello"
