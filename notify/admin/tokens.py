"""API tokens in the admin: created, shown once, revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from notify.admin.change_list import LenientChangeList
from notify.models import ApiToken
from notify.models.permissions import CHANGE_TOKENS, SEND, has_permission, is_superuser

if TYPE_CHECKING:
    TokenModelForm = forms.ModelForm[ApiToken]
    TokenModelAdmin = admin.ModelAdmin[ApiToken]
else:  # Django's classes take no parameters at run time
    TokenModelForm = forms.ModelForm
    TokenModelAdmin = admin.ModelAdmin


class ApiTokenForm(TokenModelForm):
    """A token grants no more than both its user and its creator may do.

    Whenever the token is used, the permission of its user is checked again.
    """

    creator: ClassVar[Any] = None

    scopes = forms.MultipleChoiceField(
        choices=ApiToken.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Scopes"),
    )

    def clean_user(self) -> Any:
        user = self.cleaned_data["user"]
        if user != self.creator and not is_superuser(self.creator):
            raise forms.ValidationError(_("Only a superuser can create tokens for other users."))
        return user

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        user = self.cleaned_data.get("user")
        sends = ApiToken.Scope.SEND in self.cleaned_data.get("scopes", ())
        if user is not None and sends and not has_permission(user, SEND):
            if user == self.creator:
                problem = _(
                    "You don't have permission to send notices, so your token can't either."
                )
            else:
                problem = _(
                    "%(user)s doesn't have permission to send notices, so their token can't either."
                ) % {"user": user}
            self.add_error("scopes", problem)
        return cleaned


class ApiTokenAdmin(TokenModelAdmin):
    """A token is created and revoked, never changed. Its plain text is shown once."""

    list_display = ("name", "prefix", "user", "scope_names", "created", "revoked")
    list_filter = ("revoked",)
    list_select_related = ("user",)
    search_fields = ("name", "prefix")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return has_permission(request.user, CHANGE_TOKENS)

    def has_view_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_revoke_permission(request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LenientChangeList]:
        return LenientChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Only superusers see the tokens of others."""
        tokens = super().get_queryset(request)
        return tokens if is_superuser(request.user) else tokens.filter(user=request.user.pk)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        if obj is None:
            return ("name", "user", "scopes")
        return ("name", "user", "prefix", "scope_names", "created", "revoked")

    def get_form(
        self, request: HttpRequest, obj: ApiToken | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = type("BoundApiTokenForm", (ApiTokenForm,), {"creator": request.user})
        return super().get_form(request, obj, change=change, **kwargs)

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        users = self.admin_site._registry.get(get_user_model())
        return ("user",) if users and users.get_search_fields(request) else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": request.user.pk, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        tokens: Any = ApiToken.objects
        token, plain = tokens.issue(obj.user, obj.name, form.cleaned_data["scopes"])
        request.notify_plain_token = plain  # type: ignore[attr-defined]
        obj.pk = token.pk
        obj.refresh_from_db()

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Shows the token in this response only. A message would travel in a cookie, which is
        signed but not encrypted."""
        context = {
            **self.admin_site.each_context(request),
            "title": obj.name,
            "opts": self.opts,
            "token": request.notify_plain_token,  # type: ignore[attr-defined]
            "list": reverse(f"{self.admin_site.name}:notify_apitoken_changelist"),
        }
        response = TemplateResponse(request, "admin/notify/apitoken/made.html", context)
        add_never_cache_headers(response)
        return response

    @admin.display(description=gettext_lazy("scopes"))
    def scope_names(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)

    @admin.action(
        description=gettext_lazy("Revoke and close their connections"),
        permissions=["revoke"],
    )
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        revoked = 0
        for token in tokens.filter(revoked__isnull=True):
            token.revoked = timezone.now()
            token.save(update_fields=["revoked"])  # its signal closes the sockets
            self.log_change(request, token, _("Revoked."))
            revoked += 1
        self.message_user(
            request,
            ngettext("%(count)s token revoked.", "%(count)s tokens revoked.", revoked)
            % {"count": revoked},
            messages.SUCCESS,
        )
