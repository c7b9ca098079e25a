from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class People(BaseUserManager["Person"]):
    def create_user(self, username: str, password: str) -> "Person":
        person = self.model(username=username)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """Neither PermissionsMixin nor `is_staff`."""

    username = models.CharField(max_length=255, primary_key=True)
    USERNAME_FIELD = "username"
    objects = People()
