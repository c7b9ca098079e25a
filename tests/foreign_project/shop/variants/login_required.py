"""Every view is for those who have signed in, unless it says otherwise."""

from shop.settings import *

MIDDLEWARE = [*MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
