"""Three user models that projects have: with a UUID, with nothing but a name, and one that
extends another."""

from __future__ import annotations

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class Person(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)

    objects = BaseUserManager()

    USERNAME_FIELD = "email"

    def __str__(self) -> str:
        return self.email


class Nickname(AbstractBaseUser):
    """No groups, no permissions, and nobody is ever inactive."""

    nick = models.CharField(max_length=30, primary_key=True)

    objects = BaseUserManager()

    USERNAME_FIELD = "nick"

    def __str__(self) -> str:
        return self.nick


class Member(Person):
    """Its primary key is a reference to the person."""

    club = models.CharField(max_length=30)
