"""User models that projects have: with a UUID, with nothing but a name, one that extends another,
one that belongs to something, and the one of Django's documentation."""

from __future__ import annotations

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
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
    """No groups, no permissions, and nobody is ever inactive; Ada is ada."""

    nick = models.CharField(max_length=255, primary_key=True, db_collation="NOCASE")

    objects = BaseUserManager()

    USERNAME_FIELD = "nick"

    def __str__(self) -> str:
        return self.nick


class Member(Person):
    """Its primary key is a reference to the person."""

    club = models.CharField(max_length=30)


class Office(models.Model):
    # It came later than some of the offices.
    code = models.CharField(
        max_length=30, primary_key=True, validators=[RegexValidator("^[A-Z]{3}$")]
    )

    def __str__(self) -> str:
        return self.code


class Team(models.Model):
    name = models.CharField(max_length=30)

    def __str__(self) -> str:
        return self.name


class Clerk(AbstractBaseUser):
    """Its primary key is a reference to what is no user, and its groups are none of Django's."""

    office = models.OneToOneField(Office, models.CASCADE, primary_key=True)
    desk = models.CharField(max_length=30, unique=True)
    groups = models.ManyToManyField(Team)

    objects = BaseUserManager()

    USERNAME_FIELD = "desk"

    def __str__(self) -> str:
        return self.desk


class MyUser(AbstractBaseUser):
    """As "A full example" of Django's documentation has it: no PermissionsMixin, and of permissions
    only what the admin asks. Its numbers are those of another system; its column takes no notice
    of case."""

    id = models.BigIntegerField(primary_key=True)
    email = models.EmailField(max_length=255, unique=True, db_collation="NOCASE")
    is_active = models.BooleanField(default=True)
    is_admin = models.BooleanField(default=False)

    objects = BaseUserManager()

    USERNAME_FIELD = "email"

    def __str__(self) -> str:
        return self.email

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_admin

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_admin

    @property
    def is_staff(self) -> bool:
        return self.is_admin
