"""Addresses of people, organizations and shares."""

from __future__ import annotations

from django.urls import path, re_path

from hopenow.web.people import views

urlpatterns = [
    # Nobody has a password: the library's pages for it do not exist here.
    re_path(r"^accounts/password/", views.missing),
    path("me/", views.me, name="me"),
    path("me/sign-ins", views.sign_ins, name="sign-ins"),
    path("me/second-factor", views.second_factor, name="second-factor"),
    path("me/act-for", views.act_for, name="act-for"),
    path("organization/", views.organization, name="organization"),
    path("organization/invitations/<uuid:invitation>/withdraw", views.withdraw, name="withdraw-invitation"),
    path("organization/members/<uuid:membership>/<slug:what>", views.change_member, name="change-member"),
    path("invitations/<str:token>", views.accept_invitation, name="accept-invitation"),
    path("shares/<str:token>", views.accept_share, name="accept-share"),
    path("cases/<uuid:case>/people", views.case_people, name="case-people"),
    path("cases/<uuid:case>/people/organization", views.share_organization, name="share-organization"),
    path("cases/<uuid:case>/people/person", views.share_person, name="share-person"),
    path("cases/<uuid:case>/people/<uuid:grant>/withdraw", views.withdraw_share, name="withdraw-share"),
    path(
        "cases/<uuid:case>/people/invitations/<uuid:invitation>/withdraw",
        views.withdraw_case_invitation,
        name="withdraw-case-invitation",
    ),
    path("cases/<uuid:case>/successor", views.successor, name="successor"),
    path("cases/<uuid:case>/looked", views.who_looked, name="who-looked"),
]
