"""Conversion of published weights into models of this package."""
