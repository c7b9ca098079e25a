"""Routes of the deployment: those of notify, the admin, and signing in."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path
from django.views.generic import RedirectView

from config import user_admin
from config.signing_in import counts_old_passwords

user_admin.register()

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="notify:dashboard"), name="home"),
    path(
        "admin/password_change/",
        counts_old_passwords(admin.site.admin_view(admin.site.password_change, cacheable=True)),
    ),
    path("admin/", admin.site.urls),
    # Those of django.contrib.auth.urls that need no e-mail.
    path("accounts/login/", auth.LoginView.as_view(), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path(
        "accounts/password_change/",
        counts_old_passwords(auth.PasswordChangeView.as_view()),
        name="password_change",
    ),
    path(
        "accounts/password_change/done/",
        auth.PasswordChangeDoneView.as_view(),
        name="password_change_done",
    ),
    path("", include("notify.urls")),
    path("", include("notify.web.probes")),
]

if settings.DEMO:
    from config.demo import views as demo  # which declares its kinds

    urlpatterns += [
        path("demo/", demo.demo, name="demo"),
        path("demo/mailbox/", demo.mails, name="demo_mailbox"),
        path("demo/mailbox/<int:name>/", demo.mail, name="demo_mail"),
    ]
