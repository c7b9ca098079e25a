from django.urls import include, path

urlpatterns = [path("links/", include("shop.urls"))]
