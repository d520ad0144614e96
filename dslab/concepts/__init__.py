"""Lesson 10: twelve concepts, one module each."""
