"""Trials: the cases beside a connector, played through the real Engine on a scripted wire, in time nobody waits for."""
