"""Static files under ASGI: WhiteNoise finds and heads them, and each leaves as one piece.

Django would warn about a file that is read synchronously while it is sent asynchronously; ours are small, so they are
read whole and closed at once.
"""

from django.http import HttpRequest, HttpResponse
from whitenoise.base import Redirect, StaticFile
from whitenoise.middleware import WhiteNoiseMiddleware


class WholeFileMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise that streams nothing."""

    @staticmethod
    def serve(static_file: StaticFile | Redirect, request: HttpRequest) -> HttpResponse:
        found = WhiteNoiseMiddleware.serve(static_file, request)
        try:
            body = b"".join(found.streaming_content)
        finally:
            found.close()
        return HttpResponse(body, status=found.status_code, headers=dict(found.items()))
