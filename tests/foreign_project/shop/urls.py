from django.urls import include, path

from shop import views

urlpatterns = [
    path("", views.shop, name="shop"),
    path("news/", views.news, name="news"),
    path("buy/", views.buy, name="buy"),
    path("accounts/", include("django.contrib.auth.urls")),
    path("", include("notify.urls")),
    path("", include("notify.web.probes")),
]
