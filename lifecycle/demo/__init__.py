"""A written scenario to look around in: the notional mission staff of Northgate, a week of their conversations.

Everything in it is done by the product's own actions, by the people of the scenario; the conversations of the past days
are brought in as an archive would be. Nothing here is secret, and nobody has a password.
"""

SLUG = "northgate"
NAME = "Northgate JTF"
SIGN_IN_AS = ("maya", "amara", "kwame")
"""For whom `manage.py up` prints a sign-in link: an operator, the mission lead, the policy officer."""
