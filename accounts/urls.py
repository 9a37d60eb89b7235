"""Signing in and out, and one's own account."""

from django.urls import path

from accounts import api, views

urlpatterns = [
    path("login/", views.sign_in, name="login"),
    path("login/<str:token>", views.use_link, name="login-link"),
    path("logout/", views.sign_out, name="logout"),
    path("api/v1/ticket/", api.TicketView.as_view(), name="ticket"),
    path("api/v1/step-up/", api.StepUpView.as_view(), name="step-up"),
    path("api/v1/password/", api.PasswordView.as_view(), name="password"),
    path("api/v1/sessions/", api.SessionsView.as_view(), name="sessions"),
    path("api/v1/sessions/<uuid:session_id>/", api.SessionView.as_view(), name="session"),
    path("api/v1/profile/", api.ProfileView.as_view(), name="profile"),
]
