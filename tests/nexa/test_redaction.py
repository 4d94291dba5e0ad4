from __future__ import annotations

import time

import pytest

from nexa.redaction import REDACTED, redact, redact_value

# Made once: parallel workers must name the same tests.
FERNET_KEY = "q0Zf2sYb8T6vWm1kQxJ4cR9nH3uLd7PzEoAi5GyBtNw="


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("Authorization: Bearer abcdef123456", "abcdef123456"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA=="),
        ("sent with Bearer abcdef123456 today", "abcdef123456"),
        ("{'Authorization': 'Bearer abcdef123456'}", "abcdef123456"),
        ("Cookie: sessionid=abcdef123; csrftoken=ghijkl456", "abcdef123"),
        ("Cookie: sessionid=abcdef123; csrftoken=ghijkl456", "ghijkl456"),
        ("password=hunter2 rest", "hunter2"),
        ('{"password": "hunter2 and more"}', "hunter2 and more"),
        (r'"{\"api_key\": \"hunter2\"}"', "hunter2"),
        ("password=&#x27;hunter2&#x27;", "hunter2"),
        ("vendor_client_secret: hunter2", "hunter2"),
        ("X-Auth-Token: hunter2", "hunter2"),
        ("refresh_token=hunter2&grant_type=x", "hunter2"),
        ("key sk_test_abcdef123 used", "sk_test_abcdef123"),
        ("key rk_live_abcdef123 used", "rk_live_abcdef123"),
        ("secret whsec_abcdef123 used", "whsec_abcdef123"),
        ("postgres://nexa:hunter2@db.example/nexa", "hunter2"),
        ("redis://:hunter2@cache.example:6379/0", "hunter2"),
        (f"the key {FERNET_KEY} is", FERNET_KEY),
        ("a gAAAAABl1234567890abcdefghijklmnop== b", "gAAAAABl1234567890abcdefghijklmnop"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln", "eyJhbGciOiJIUzI1NiJ9"),
        ("-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----", "MIIabc"),
        ("AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
        ("SG.abcdefghijkl.mnopqrstuvwx", "abcdefghijkl"),
        ("xoxb-1234567890-abcdef", "1234567890"),
    ],
)
def test_redact_hides(line, secret) -> None:
    clean = redact(line)

    assert secret not in clean
    assert REDACTED in clean
    assert redact(clean) == clean


@pytest.mark.parametrize(
    "line",
    [
        "Import 12 finished: 4200 rows, 3 problems",
        "GET /contacts/?page=2 200",
        "CSRF token missing.",
        "commit 5d6f67f0c1b24c0f9e0a9d6c3f2b1a0e5d6f67f0",
        "job 3f2504e0-4f89-11d3-9a0c-0305e82c3301 done in 12 ms",
    ],
)
def test_redact_leaves_plain_words(line) -> None:
    assert redact(line) == line


def test_redact_hides_our_own_secrets_whatever_their_shape(settings) -> None:
    settings.EMAIL_HOST_PASSWORD = "plain words here"
    database = settings.DATABASES["default"]["PASSWORD"]

    clean = redact(f"{settings.SECRET_KEY} plain words here {database}")

    assert clean == f"{REDACTED} {REDACTED} {REDACTED}"


def test_redact_value_reaches_into_structures() -> None:
    found = redact_value({"a": [{"api_key": "hunter2"}, "whsec_abcdef12"], "n": 1, "none": None})

    assert found == {"a": [{"api_key": REDACTED}, REDACTED], "n": 1, "none": None}


@pytest.mark.parametrize(
    "piece", ["a_-", "password", "://a:", "Bearer ", "-----BEGIN ", "eyJ", "eyJaaaaaaaa-"]
)
def test_redact_takes_time_in_proportion_to_the_text(piece) -> None:
    text = piece * (400_000 // len(piece))
    began = time.perf_counter()

    redact(text)

    assert time.perf_counter() - began < 5
