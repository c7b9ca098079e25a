from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

import notify


@login_required
def shop(request: HttpRequest) -> HttpResponse:
    return render(request, "shop.html")


@login_required
def news(request: HttpRequest) -> HttpResponse:
    """Without our component: the example of docs/javascript-api.md."""
    return render(request, "news.html")


@require_POST
@login_required
def buy(request: HttpRequest) -> HttpResponse:
    notify.send(to=request.user, title="Your order is on its way", level="success", url="/")
    return HttpResponse(status=204)  # the page stays
